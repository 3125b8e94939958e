-- What was stored of late, by shard and the minutes it reaches. One process at a time stores for a shard, so
-- within a shard the times of storing come from one clock.
SELECT
  shard,
  toUnixTimestamp(toStartOfMinute(min_ts)) * 1000 AS from_ms,
  toUnixTimestamp(toStartOfMinute(reach_at)) * 1000 + 60000 AS to_ms,
  toUnixTimestamp64Milli(max(inserted_at)) AS inserted_at_ms,
  count() AS inserts
FROM batches
WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND lost = 0
  AND row_count > 0
GROUP BY shard, from_ms, to_ms
ORDER BY shard, from_ms, to_ms
