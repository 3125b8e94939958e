-- Temperatures of some devices over some minutes, oldest first: how fast they rise.
SELECT
  toString(device_id) AS id,
  arraySort(groupArray((toFloat64(ts), toFloat64(assumeNotNull(temperature_celsius))))) AS points,
  arrayMap(point -> point.1, points) AS at_s,
  arrayMap(point -> point.2, points) AS celsius
FROM samples
WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
  AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND isNotNull(temperature_celsius)
GROUP BY device_id
