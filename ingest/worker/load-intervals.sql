-- Capacity as it stands, oldest first.
SELECT
  device_id,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  reason,
  detail,
  version
FROM intervals FINAL
WHERE kind = 'capacity'
ORDER BY from_at, device_id
