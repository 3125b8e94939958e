-- Intervals of some devices as they count now.
SELECT
  kind,
  device_id,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  reason,
  detail,
  version
FROM intervals FINAL
WHERE kind IN ('capacity', 'delivered', 'failed', 'drained', 'verification')
  AND device_id IN (SELECT arrayJoin(arrayMap(id -> toUInt64(id), {ids:Array(String)})))
ORDER BY kind, device_id, from_ms
