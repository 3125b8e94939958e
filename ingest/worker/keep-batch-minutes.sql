-- When minutes got samples, from rows of `batches` that are about to be removed.
INSERT INTO batch_minutes (from_at, to_at, inserted_at)
SELECT
  toStartOfMinute(min_ts) AS from_at,
  toStartOfMinute(max_ts) AS to_at,
  max(inserted_at)
FROM batches
WHERE shard = {shard:UInt16}
  AND inserted_at < fromUnixTimestamp64Milli({cutoff_ms:Int64}, 'UTC')
  AND lost = 0
  AND row_count > 0
GROUP BY from_at, to_at
