-- Means by the minute of supply temperature and flow of some points.
SELECT
  toString(meter) AS meter_name,
  intDiv(toUnixTimestamp64Milli(ts), 60000) * 60000 AS minute_ms,
  avgIf(assumeNotNull(value), metric = 'supply_temperature_celsius') AS celsius,
  avgIf(assumeNotNull(value), metric = 'flow_liters_per_minute') AS flow
FROM samples_meter
WHERE meter IN {meters:Array(String)}
  AND metric IN ('supply_temperature_celsius', 'flow_liters_per_minute')
  AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND isNotNull(value)
GROUP BY meter, minute_ms
