-- The same from the power of settled minutes, where no energy of devices is settled: devices apart by what they are.
SELECT
  sum(g.power_mw_ms) AS power_mw_ms,
  sum(g.power_known_ms) AS spoken_ms,
  sum(g.capacity_ms) AS capacity_ms
FROM ledger_1m_group AS g
WHERE g.bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND g.bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (g.bucket, g.revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
  AND toStartOfInterval(g.bucket, INTERVAL 15 MINUTE) IN (
    SELECT bucket
    FROM facility_15m FINAL
    WHERE scope = 'site'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
      AND it_expected_ms > 0 AND it_known_ms >= it_expected_ms
      AND bitAnd(flags, 64) = 0
  )
