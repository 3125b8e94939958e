-- A day of slack for a clock that was set back between the intent and the insert.
SELECT 1
FROM batches
WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64} - 86400000, 'UTC')
  AND shard = {shard:UInt16}
  AND epoch = {epoch:String}
  AND first_position = {first:UInt64}
  AND last_position = {last:UInt64}
LIMIT 1
