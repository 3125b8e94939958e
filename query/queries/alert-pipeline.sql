-- The newest figures of each process that stores or settles.
SELECT
  process,
  toUnixTimestamp64Milli(max(at)) AS at_ms,
  argMax(s.lag_seconds, at) AS lag,
  argMax(s.settled_age_seconds, at) AS settled_age,
  argMax(s.disk_used_ratio, at) AS disk,
  argMax(s.stream_used_ratio, at) AS stream
FROM pipeline_status AS s
WHERE at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
  AND at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
GROUP BY process
ORDER BY process
