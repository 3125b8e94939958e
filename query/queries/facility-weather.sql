-- Mean wet-bulb temperature by bucket of 15 minutes.
SELECT
  toUnixTimestamp(toStartOfInterval(ts, INTERVAL 15 MINUTE)) AS bucket_s,
  avg(assumeNotNull(value)) AS celsius
FROM samples_meter
WHERE meter = {meter:String}
  AND metric = 'wet_bulb_celsius'
  AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND isNotNull(value)
GROUP BY bucket_s
