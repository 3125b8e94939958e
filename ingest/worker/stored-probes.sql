-- How many of some samples are stored.
SELECT uniqExact(device_id, ts, log_position) AS n
FROM samples
WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND arrayExists(
    (device, at_ms, place) -> toString(device_id) = device AND toUnixTimestamp64Milli(ts) = at_ms AND log_position = place,
    {devices:Array(String)}, {times:Array(Int64)}, {positions:Array(UInt64)}
  )
