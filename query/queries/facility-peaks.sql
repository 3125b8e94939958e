-- Highest mean of 15 minutes of the site by piece of time, of buckets whose meters all speak.
SELECT
  roundDown(toUnixTimestamp(bucket), {pieces:Array(UInt32)}) AS piece_s,
  max(total_mj) AS peak_mj,
  toUnixTimestamp(argMax(bucket, (total_mj, -toInt64(toUnixTimestamp(bucket))))) AS peak_s
FROM facility_15m FINAL
WHERE scope = 'site'
  AND bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND total_expected_ms > 0 AND total_known_ms >= total_expected_ms
  AND bitAnd(flags, 64) = 0
GROUP BY piece_s
ORDER BY piece_s
