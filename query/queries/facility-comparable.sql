-- Counted buckets of a scope whose IT energy lies between two figures.
SELECT
  toUnixTimestamp(bucket) AS bucket_s,
  total_mj,
  it_mj
FROM facility_15m FINAL
WHERE scope = {scope:String}
  AND bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND total_expected_ms > 0 AND total_known_ms >= total_expected_ms
  AND it_expected_ms > 0 AND it_known_ms >= it_expected_ms
  AND bitAnd(flags, 64) = 0
  AND it_mj BETWEEN {it_mj_min:UInt64} AND {it_mj_max:UInt64}
  AND total_mj BETWEEN it_mj AND 3 * it_mj
