-- Mean supply temperature and flow of the secondary sides of some cooling units over a while.
SELECT
  toString(meter) AS meter_name,
  avgIf(assumeNotNull(value), metric = 'supply_temperature_celsius') AS celsius,
  countIf(metric = 'supply_temperature_celsius') AS supplies,
  avgIf(assumeNotNull(value), metric = 'flow_liters_per_minute') AS flow,
  countIf(metric = 'flow_liters_per_minute') AS flows
FROM samples_meter
WHERE meter IN {meters:Array(String)}
  AND metric IN ('supply_temperature_celsius', 'flow_liters_per_minute')
  AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND isNotNull(value)
GROUP BY meter
HAVING supplies > 0
