-- What meters said of their energy and power in a window, a row of arrays for each series.
SELECT
  meter,
  metric,
  groupArray(toFloat64(toUnixTimestamp64Milli(ts))) AS at_ms,
  groupArray(assumeNotNull(value)) AS values,
  groupArray(step_ms) AS step_ms,
  groupArray(toFloat64(toUnixTimestamp64Milli(inserted_at))) AS inserted_ms
FROM samples_meter
WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND metric IN ('energy_joules_total', 'power_watts', 'energy_reset_seconds')
  AND value >= 0
GROUP BY meter, metric
