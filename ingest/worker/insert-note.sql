-- What one insert was about to store, found by its key.
SELECT body
FROM insert_notes
WHERE shard = {shard:UInt16}
  AND epoch = {epoch:String}
  AND first_position = {first:UInt64}
  AND last_position = {last:UInt64}
LIMIT 1
