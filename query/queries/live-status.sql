-- The newest sample and how many accepted devices speak. Cheap: asked every two seconds.
WITH
  recent AS
  (
    SELECT device_id, max(ts) AS last_ts
    FROM samples
    WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
      AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - 3 * toInt64(step_ms), 'UTC')
    GROUP BY device_id
  ),
  accepted AS
  (
    SELECT DISTINCT device_id
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
  ),
  partitions AS (SELECT device_id FROM devices WHERE parent_id != 0)
SELECT
  toUnixTimestamp64Milli(max(last_ts)) AS newest_sample_ms,
  countIf(device_id IN accepted) AS reporting_devices,
  (SELECT count() FROM accepted) AS accepted_devices,
  countIf(device_id NOT IN accepted AND device_id NOT IN partitions) AS pending_devices,
  (
    -- A target whose collector fell silent does not answer either.
    SELECT countIf(outcome = 'failed' OR at < fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC'))
    FROM collection_targets FINAL
    WHERE reason != 'removed'
  ) AS failed_targets
FROM recent
