-- Batches that collectors gave up for good in the last day, newest first.
SELECT
  toUnixTimestamp64Milli(at) AS at_ms,
  cluster,
  collector,
  code AS reason,
  message,
  message_zh,
  count() OVER () AS total
FROM events
WHERE type = 'gap'
  AND at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 1 DAY
ORDER BY at DESC, log_position DESC
LIMIT {limit:UInt32}
