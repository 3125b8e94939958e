-- Five-minute sums of published group minutes by cluster, hall and vendor, as alert-groups.sql has them for one window.
SELECT
  toUInt32(intDiv(toUnixTimestamp(bucket) - {from_s:Int64}, 300)) AS slot,
  cluster,
  hall,
  vendor,
  sum(toInt64(l.capacity_ms)) AS capacity_time_ms,
  sum(toInt64(l.capacity_ms) - toInt64(l.verification_ms)) AS base_ms,
  sum(toInt64(l.known_ms)) AS known_time_ms,
  sum(l.throttled_ms_x1000) AS throttled_x1000,
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
GROUP BY slot, cluster, hall, vendor
ORDER BY slot, cluster, hall, vendor
