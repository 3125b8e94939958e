-- Largest change of the site's energy from one 15-minute bucket to the next; the first of equals.
SELECT
  toUnixTimestamp(bucket) AS at_s,
  toInt64(before_mj) AS from_mj,
  toInt64(total_mj) AS to_mj
FROM
(
  SELECT
    bucket,
    total_mj,
    lagInFrame(total_mj, 1, toUInt64(0)) OVER neighbours AS before_mj,
    lagInFrame(bucket, 1, toDateTime(0, 'UTC')) OVER neighbours AS before
  FROM facility_15m FINAL
  WHERE scope = 'site'
    AND bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND bucket < toDateTime({to_s:Int64}, 'UTC')
    AND total_expected_ms > 0 AND total_known_ms >= total_expected_ms
    AND bitAnd(flags, 64) = 0
  WINDOW neighbours AS (ORDER BY bucket ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE toUnixTimestamp(bucket) - toUnixTimestamp(before) = 900
ORDER BY abs(to_mj - from_mj) DESC, bucket
LIMIT 1
