-- Energy of a scope by period, of the buckets in which both sides are complete and agree, and what is left out.
SELECT
  roundDown(toUnixTimestamp(bucket), {starts:Array(UInt32)}) AS period_s,
  count() AS buckets,
  toUnixTimestamp(max(bucket)) AS last_s,
  countIf(is_counted) AS counted,
  countIf(NOT is_fault AND NOT has_total) AS total_incomplete,
  countIf(NOT is_fault AND NOT has_it) AS it_incomplete,
  countIf(is_fault) AS faulty_buckets,
  sumIf(total_mj, is_counted) AS counted_total_mj,
  sumIf(it_mj, is_counted) AS counted_it_mj,
  sumIf(cooling_mj, is_counted) AS counted_cooling_mj,
  sumIf(distribution_mj, is_counted) AS counted_distribution_mj,
  sumIf(other_mj, is_counted) AS counted_other_mj,
  sumIf(estimated_ms, is_counted) AS counted_estimated_ms,
  sumIf(total_known_ms + it_known_ms, is_counted) AS counted_known_ms,
  -- What one side alone says bounds what the other may be.
  countIf(has_total AND NOT has_it AND NOT is_fault) AS total_only,
  sumIf(total_mj, has_total AND NOT has_it AND NOT is_fault) AS total_only_mj,
  countIf(has_it AND NOT has_total AND NOT is_fault) AS it_only,
  sumIf(it_mj, has_it AND NOT has_total AND NOT is_fault) AS it_only_mj,
  sum(intDivOrZero(least(total_known_ms, total_expected_ms) * 1000000, total_expected_ms)) AS total_known_ppm,
  sum(intDivOrZero(least(it_known_ms, it_expected_ms) * 1000000, it_expected_ms)) AS it_known_ppm,
  groupUniqArrayIf(category, category > 0) AS categories,
  sumMapIf(faulty, arrayMap(name -> toUInt32(1), faulty), NOT is_counted) AS refused,
  arrayMap(name -> toString(name), refused.1) AS faulty_meters,
  refused.2 AS faulty_counts
FROM
(
  SELECT
    *,
    total_expected_ms > 0 AND total_known_ms >= total_expected_ms AS has_total,
    it_expected_ms > 0 AND it_known_ms >= it_expected_ms AS has_it,
    -- Bit 64 of meter flags: the ratio of the bucket contradicts physics.
    bitAnd(flags, 64) != 0 OR (has_total AND has_it AND (total_mj < it_mj OR total_mj > 3 * it_mj)) AS is_fault,
    has_total AND has_it AND NOT is_fault AS is_counted
  FROM facility_15m FINAL
  WHERE scope = {scope:String}
    AND bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND bucket < toDateTime({to_s:Int64}, 'UTC')
)
GROUP BY period_s
ORDER BY period_s
