-- Collectors by status, and what lies in their spools. A silent one counts with its last word.
WITH
  fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') AS moment,
  toIntervalMillisecond(toInt64(interval_ms * 2.5)) AS patience,
  multiIf(
    is_stopping = 1, 'stopped',
    received_at < moment - patience, 'silent',
    at < moment - patience, 'late',
    'reporting'
  ) AS status
SELECT
  count() AS total,
  countIf(status = 'reporting') AS reporting,
  countIf(status = 'late') AS late,
  countIf(status = 'silent') AS silent,
  countIf(status = 'stopped') AS stopped,
  countIf(alarm != '' AND status != 'stopped') AS alarmed,
  sum(cs.spool_bytes) AS spool_bytes,
  sum(spool_waiting) AS spool_waiting_batches,
  maxIf(if(spool_max_bytes = 0, NULL, cs.spool_bytes / spool_max_bytes), status != 'stopped')
    AS worst_spool_used_ratio,
  minIf(toUnixTimestamp64Milli(spool_oldest_at), status != 'stopped') AS oldest_ms,
  minIf(toUnixTimestamp64Milli(received_at), status = 'silent') AS silent_since_ms,
  argMinIf(collector, received_at, status = 'silent') AS silent_longest,
  argMaxIf(
    collector,
    if(spool_max_bytes = 0, 0, cs.spool_bytes / spool_max_bytes),
    status != 'stopped'
  ) AS fullest
FROM collector_status AS cs FINAL
WHERE received_at > moment - INTERVAL 7 DAY
