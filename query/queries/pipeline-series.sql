-- What the processes said of the last hour, by minute: sums over processes of what adds up, the worst of the rest.
WITH by_process AS (
  SELECT
    process,
    toUnixTimestamp(toStartOfMinute(at)) * 1000 AS minute_ms,
    max(p.lag_messages) AS own_lag_messages,
    max(p.lag_seconds) AS own_lag_seconds,
    avg(p.rows_per_second) AS own_rows_per_second,
    max(p.insert_p99_seconds) AS own_insert_p99_seconds,
    max(p.settle_p99_seconds) AS own_settle_p99_seconds,
    max(p.settled_age_seconds) AS own_settled_age_seconds,
    max(p.spool_bytes) AS own_spool_bytes,
    max(p.stream_used_ratio) AS own_stream_used_ratio,
    max(p.disk_used_ratio) AS own_disk_used_ratio,
    max(p.memory_bytes) AS own_memory_bytes
  FROM pipeline_status AS p
  WHERE at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  GROUP BY process, minute_ms
)
SELECT
  minute_ms,
  toFloat64(sum(own_lag_messages)) AS lag_messages,
  max(own_lag_seconds) AS lag_seconds,
  sum(own_rows_per_second) AS rows_per_second,
  toFloat64(max(own_insert_p99_seconds)) AS insert_p99_seconds,
  toFloat64(max(own_settle_p99_seconds)) AS settle_p99_seconds,
  max(own_settled_age_seconds) AS settled_age_seconds,
  toFloat64(sum(own_spool_bytes)) AS spool_bytes,
  toFloat64(max(own_stream_used_ratio)) AS stream_used_ratio,
  toFloat64(max(own_disk_used_ratio)) AS disk_used_ratio,
  -- Every process asks the same store.
  toFloat64(max(own_memory_bytes)) AS memory_bytes
FROM by_process
GROUP BY minute_ms
ORDER BY minute_ms ASC
