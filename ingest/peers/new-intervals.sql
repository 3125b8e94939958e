-- Capacity that somebody decided of late, each interval as the store has it now.
SELECT
  device_id,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  reason,
  detail,
  version
FROM intervals FINAL
WHERE kind = 'capacity'
  AND (device_id, from_at) IN
  (
    SELECT device_id, from_at
    FROM intervals
    WHERE kind = 'capacity'
      AND inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  )
ORDER BY from_at, device_id
