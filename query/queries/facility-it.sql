-- IT energy of the site's buckets whose IT side is complete; beside the energy of devices only of those that have it settled.
SELECT
  count() AS counted,
  sum(it_mj) AS sum_it_mj
FROM facility_15m FINAL
WHERE scope = 'site'
  AND bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND it_expected_ms > 0 AND it_known_ms >= it_expected_ms
  AND bitAnd(flags, 64) = 0
  AND (
    {beside:String} != 'devices'
    OR bucket IN (
      SELECT bucket
      FROM revisions
      WHERE resolution = '15m-energy'
        AND bucket >= toDateTime({from_s:Int64}, 'UTC')
        AND bucket < toDateTime({to_s:Int64}, 'UTC')
    )
  )
