-- How many of some samples are stored. By parts of the sorting key: an insert may reach over many days.
SELECT uniqExact(device_id, ts, log_position) AS n
FROM samples
WHERE toStartOfTenMinutes(ts) IN (SELECT toStartOfTenMinutes(fromUnixTimestamp64Milli(arrayJoin({times:Array(Int64)}), 'UTC')))
  AND device_id IN (SELECT toUInt64(arrayJoin({devices:Array(String)})))
  AND arrayExists(
    (device, at_ms, place) -> toString(device_id) = device AND toUnixTimestamp64Milli(ts) = at_ms AND log_position = place,
    {devices:Array(String)}, {times:Array(Int64)}, {positions:Array(UInt64)}
  )
