-- What all devices of a cluster drew in each published minute, watts of those whose power is known.
SELECT
  cluster,
  toUnixTimestamp(bucket) AS minute_s,
  sum(toFloat64(power_mw_ms)) / 60000 / 1000 AS watts,
  sum(toFloat64(power_known_ms)) / greatest(1, sum(toFloat64(capacity_ms))) AS power_coverage,
  sum(toFloat64(capacity_ms)) / 60000 AS device_count
FROM ledger_1m_group
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
GROUP BY cluster, minute_s
ORDER BY cluster, minute_s
