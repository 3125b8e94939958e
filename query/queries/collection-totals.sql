-- Targets by outcome, what was refused since the collectors started, and what is in the store. A target
-- that nobody spoke of for three minutes is stale, whatever its last outcome was: each counts once.
WITH at >= fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC') AS is_fresh
SELECT
  count() AS targets,
  countIf(is_fresh AND outcome = 'ok') AS ok,
  countIf(is_fresh AND outcome = 'absent') AS absent,
  countIf(is_fresh AND outcome = 'failed') AS failed,
  countIf(NOT is_fresh) AS stale,
  sumIf(toUInt64(devices), is_fresh AND outcome = 'ok') AS devices,
  sumMap(rejected) AS rejected,
  (
    SELECT count()
    FROM quarantine
    WHERE at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 1 DAY
  ) AS quarantined_24h,
  (SELECT count() FROM samples) AS inserted_rows,
  -- Answered from the parts' own bounds; the epoch when there is nothing.
  (SELECT toUnixTimestamp64Milli(max(ts)) FROM samples) AS newest_sample_ms
FROM collection_targets FINAL
-- The last word of a target that was taken off its list (collector/health.ts).
WHERE reason != 'removed'
