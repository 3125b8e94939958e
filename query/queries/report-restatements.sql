-- Minutes of a period that were settled again, by reason; what all revisions of a minute changed is added up.
SELECT
  reason,
  uniqExact(bucket) AS minutes,
  sum(toInt64(new_known_ms) - toInt64(old_known_ms)) AS known_ms,
  sum(toInt64(new_busy_ms_x1000) - toInt64(old_busy_ms_x1000)) AS busy_ms_x1000
FROM restatements
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
GROUP BY reason
ORDER BY minutes DESC, reason
LIMIT 50
