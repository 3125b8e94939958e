-- How hot the racks were, by published hours: the least distance from the slowdown point and the hottest device.
SELECT
  l.hall AS hall,
  l.rack AS rack,
  min(l.margin_min) AS least_margin,
  max(l.temperature_max) AS hottest,
  sum(l.throttled_heat_ms_x1000) AS throttled_heat_ms_x1000
FROM ledger_1h AS l
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1h'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
GROUP BY hall, rack
HAVING hottest IS NOT NULL
ORDER BY least_margin ASC NULLS LAST, hottest DESC, hall, rack
LIMIT {rows:UInt32}
