-- Recent values of some points: means of ten minutes, the beginning of the present state, and supply temperatures of
-- three minutes, oldest first.
SELECT
  toString(meter) AS meter_name,
  toString(metric) AS metric_name,
  arraySort(
    groupArrayIf(
      (toUnixTimestamp64Milli(ts), assumeNotNull(value)),
      metric IN ('supply_temperature_celsius', 'leak_state', 'pump_state')
    )
  ) AS points,
  avgIf(assumeNotNull(value), toUnixTimestamp64Milli(ts) > {to_ms:Int64} - 600000) AS mean_value,
  points[-1].2 AS present,
  points[arrayLastIndex(point -> point.2 != present, points) + 1].1 AS since_ms,
  -- 1: the value was another one before, so that it is known since when it is this one.
  arrayLastIndex(point -> point.2 != present, points) > 0 AS has_begun,
  if(metric = 'supply_temperature_celsius', arrayFilter(point -> point.1 > {to_ms:Int64} - 180000, points), []) AS recent,
  arrayMap(point -> point.1 / 1000, recent) AS at_s,
  arrayMap(point -> point.2, recent) AS celsius
FROM samples_meter
WHERE meter IN {meters:Array(String)}
  AND metric IN (
    'supply_temperature_celsius', 'return_temperature_celsius', 'flow_liters_per_minute', 'power_watts', 'leak_state', 'pump_state'
  )
  AND ts > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND isNotNull(value)
GROUP BY meter, metric
