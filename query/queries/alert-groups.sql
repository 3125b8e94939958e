-- Sums of published group minutes by cluster, hall and vendor: coverage, unknown and throttled time, and whether the
-- nine states still sum to capacity.
SELECT
  cluster,
  hall,
  vendor,
  sum(toInt64(l.capacity_ms)) AS capacity_time_ms,
  sum(toInt64(l.capacity_ms) - toInt64(l.verification_ms)) AS base_ms,
  sum(toInt64(l.known_ms)) AS known_time_ms,
  sum(l.throttled_ms_x1000) AS throttled_x1000,
  -- What the nine states miss of capacity, ms x 1,000: 0, else settling is wrong.
  (capacity_time_ms - sum(toInt64(l.verification_ms) + failed_ms + drained_ms + unknown_ms + unallocated_ms + idle_held_ms)) * 1000
    - sum(l.throttled_ms_x1000 + inefficient_ms_x1000 + productive_ms_x1000) AS missing_x1000
FROM ledger_1m_group AS l
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
GROUP BY cluster, hall, vendor
