-- `batches` has no index on positions; this runs once per start.
SELECT 1
FROM batches
WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND shard = {shard:UInt16}
  AND epoch = {epoch:String}
  AND first_position = {first:UInt64}
  AND last_position = {last:UInt64}
LIMIT 1
