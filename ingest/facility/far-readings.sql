-- Of each of these meters the counter reading of a window that is nearest to its end (or to its beginning).
SELECT
  meter,
  if({is_last:Bool}, argMax(reading, (reading.1, -reading.2)), argMin(reading, (reading.1, reading.2))) AS found,
  found.1 AS at_ms,
  found.2 AS value,
  found.3 AS step_ms,
  found.4 AS inserted_ms
FROM
(
  SELECT
    meter,
    (
      toFloat64(toUnixTimestamp64Milli(ts)), assumeNotNull(value), toFloat64(step_ms),
      toFloat64(toUnixTimestamp64Milli(inserted_at))
    ) AS reading
  FROM samples_meter
  WHERE meter IN {names:Array(String)}
    AND metric = 'energy_joules_total'
    AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND value >= 0
)
GROUP BY meter
