-- Busy time of some jobs, minute by minute: when it changed.
SELECT
  cluster,
  tenant,
  job,
  toUnixTimestamp(bucket) AS bucket_s,
  sum(busy_ms_x1000) AS busy_ms_x1000
FROM ledger_1m
-- First: few rows are of these jobs.
PREWHERE job IN {jobs:Array(String)}
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
GROUP BY cluster, tenant, job, bucket_s
