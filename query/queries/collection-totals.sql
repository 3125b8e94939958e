-- Targets by outcome, what was refused since the collectors started, and what is in the store.
SELECT
  count() AS targets,
  countIf(outcome = 'ok') AS ok,
  countIf(outcome = 'absent') AS absent,
  countIf(outcome = 'failed') AS failed,
  countIf(at < fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')) AS stale,
  sumIf(toUInt64(devices), outcome = 'ok') AS devices,
  sumMap(rejected) AS rejected,
  (
    SELECT count()
    FROM quarantine
    WHERE at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 1 DAY
  ) AS quarantined_24h,
  (SELECT sum(row_count) FROM batches) AS inserted_rows,
  -- Answered from the parts' own bounds; the epoch when there is nothing.
  (SELECT toUnixTimestamp64Milli(max(ts)) FROM samples) AS newest_sample_ms
FROM collection_targets FINAL
