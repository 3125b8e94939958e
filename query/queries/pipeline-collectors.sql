-- Collectors, worst first: a disk that refuses, silence, then how full the spool is and how long it waits.
WITH
  fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') AS moment,
  toIntervalMillisecond(toInt64(interval_ms * 2.5)) AS patience,
  multiIf(
    is_stopping = 1, 'stopped',
    received_at < moment - patience, 'silent',
    at < moment - patience, 'late',
    'reporting'
  ) AS status,
  if(spool_max_bytes = 0, NULL, spool_bytes / spool_max_bytes) AS spool_used_ratio
SELECT
  cluster,
  collector,
  node,
  status,
  toUnixTimestamp64Milli(at) AS said_ms,
  toUnixTimestamp64Milli(received_at) AS heard_ms,
  toUnixTimestamp64Milli(started_at) AS started_ms,
  version,
  simulated,
  devices,
  targets_ok,
  targets_failed,
  targets_absent,
  batches,
  published,
  refused,
  resent,
  lost,
  ifNull(toUnixTimestamp64Milli(watermark_at), 0) AS watermark_ms,
  spool_bytes,
  spool_max_bytes,
  spool_used_ratio,
  spool_waiting,
  ifNull(toUnixTimestamp64Milli(spool_oldest_at), 0) AS spool_oldest_ms,
  memory_bytes,
  memory_batches,
  spool_dropped,
  spool_damaged,
  alarm
FROM collector_status FINAL
WHERE received_at > moment - INTERVAL 7 DAY
ORDER BY
  alarm != '' AND status != 'stopped' DESC,
  status = 'silent' DESC,
  -- Full is worse than long: what is full is about to lose.
  floor(ifNull(spool_used_ratio, 0), 1) DESC,
  status = 'late' DESC,
  spool_oldest_at ASC NULLS LAST,
  cluster ASC, collector ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
