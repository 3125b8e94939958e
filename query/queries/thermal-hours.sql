-- Hours in which some devices were throttled by heat, from published hours.
SELECT
  toString(device_id) AS id,
  toUnixTimestamp(bucket) AS hour_s,
  sum(l.throttled_heat_ms_x1000) AS throttled_heat_ms_x1000
FROM ledger_1h AS l
WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
  AND bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1h'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
GROUP BY device_id, hour_s
HAVING throttled_heat_ms_x1000 > 0
ORDER BY device_id, hour_s
