-- Distinct devices with capacity in the window, whatever they were: a fifth of what telling them apart costs.
SELECT toUInt32(uniqExact(device_id)) AS devices
FROM intervals FINAL
WHERE kind = 'capacity'
  AND to_at > from_at
  AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
