-- Devices that deliver and are not accepted into capacity. A partition is part of its device.
SELECT toUInt32(uniqExact(device_id)) AS pending_devices
FROM samples
WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
  AND device_id NOT IN (
    SELECT device_id
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
  )
  AND device_id NOT IN (SELECT device_id FROM devices WHERE parent_id != 0)
