-- Energy of scopes by period, by piece of time between changes of prices or factors, and by slot of the local day. Buckets
-- whose ratio contradicts physics are known to nobody.
SELECT
  toString(scope) AS scope_name,
  roundDown(toUnixTimestamp(bucket), {starts:Array(UInt32)}) AS period_s,
  roundDown(toUnixTimestamp(bucket), {pieces:Array(UInt32)}) AS piece_s,
  intDiv(toHour(bucket, {zone:String}) * 60 + toMinute(bucket, {zone:String}), {slot_minutes:UInt16}) AS slot,
  count() AS buckets,
  sumIf(total_mj, is_good) AS sum_total_mj,
  sumIf(it_mj, is_good) AS sum_it_mj,
  sumIf(cooling_mj, is_good) AS sum_cooling_mj,
  sumIf(distribution_mj, is_good) AS sum_distribution_mj,
  sumIf(other_mj, is_good) AS sum_other_mj,
  sumIf(total_known_ms, is_good) AS sum_total_known_ms,
  sum(total_expected_ms) AS sum_total_expected_ms,
  sumIf(it_known_ms, is_good) AS sum_it_known_ms,
  sum(it_expected_ms) AS sum_it_expected_ms,
  sumIf(estimated_ms, is_good) AS sum_estimated_ms
FROM
(
  SELECT *, bitAnd(flags, 64) = 0 AS is_good
  FROM facility_15m FINAL
  WHERE startsWith(scope, {scope_prefix:String})
    AND bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND bucket < toDateTime({to_s:Int64}, 'UTC')
)
GROUP BY scope_name, period_s, piece_s, slot
