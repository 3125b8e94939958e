-- Means of cooling units before a moment and from it on, out of hours in which both temperatures of a difference are there.
SELECT
  unit,
  toUInt8(hour_start >= toDateTime({split_s:Int64}, 'UTC')) AS is_now,
  countIf(isNotNull(secondary_supply - primary_supply)) AS approach_hours,
  avgOrNull(secondary_supply - primary_supply) AS approach,
  countIf(isNotNull(secondary_return - secondary_supply)) AS delta_hours,
  avgOrNull(secondary_return - secondary_supply) AS delta,
  -- Litres a minute x kelvin: heat but for what the coolant carries, which does not change.
  avgOrNull(flow * (secondary_return - secondary_supply)) AS carried
FROM
(
  SELECT
    transform(toString(meter), {points:Array(String)}, {units:Array(String)}, '') AS unit,
    toStartOfHour(ts) AS hour_start,
    avgOrNullIf(assumeNotNull(value), meter IN {primaries:Array(String)} AND metric = 'supply_temperature_celsius') AS primary_supply,
    avgOrNullIf(assumeNotNull(value), meter IN {secondaries:Array(String)} AND metric = 'supply_temperature_celsius') AS secondary_supply,
    avgOrNullIf(assumeNotNull(value), meter IN {secondaries:Array(String)} AND metric = 'return_temperature_celsius') AS secondary_return,
    avgOrNullIf(assumeNotNull(value), meter IN {secondaries:Array(String)} AND metric = 'flow_liters_per_minute') AS flow
  FROM samples_meter
  WHERE meter IN {points:Array(String)}
    AND metric IN ('supply_temperature_celsius', 'return_temperature_celsius', 'flow_liters_per_minute')
    AND toStartOfHour(ts) >= toDateTime({from_s:Int64}, 'UTC')
    AND toStartOfHour(ts) < toDateTime({to_s:Int64}, 'UTC')
    AND isNotNull(value)
  GROUP BY unit, hour_start
)
GROUP BY unit, is_now
ORDER BY unit, is_now
