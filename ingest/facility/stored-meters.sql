-- Energy of meters as it stands.
SELECT toUnixTimestamp(bucket) * 1000 AS from_ms, meter, energy_mj, known_ms, estimated_ms, flags
FROM meter_energy_15m FINAL
WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
