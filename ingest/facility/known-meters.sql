-- Meters whose energy was settled since then, listed or not.
SELECT DISTINCT toString(meter) AS meter
FROM meter_energy_15m
WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
