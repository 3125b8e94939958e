-- What meters said of their energy and power in a window, a row of arrays for each series. Times count from the begin of
-- the window, ms: short numbers are most of the cost.
SELECT
  meter,
  metric,
  groupArray(toUInt32(toUnixTimestamp64Milli(ts) - {from_ms:Int64})) AS at_ms,
  groupArray(assumeNotNull(value)) AS values,
  max(step_ms) AS longest_ms,
  groupArray(toFloat64(toUnixTimestamp64Milli(inserted_at) - {from_ms:Int64})) AS inserted_ms
FROM samples_meter
WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND metric IN ('energy_joules_total', 'power_watts', 'energy_reset_seconds')
  AND value >= 0
GROUP BY meter, metric
