-- Devices that were idle although somebody held them, by holder and price, in the last minute of every five.
SELECT
  toUInt32(intDiv(toUnixTimestamp(bucket) - {from_s:Int64}, 300)) AS slot,
  cluster,
  tenant,
  job,
  class,
  model,
  pool,
  uniqExact(device_id) AS devices
FROM ledger_1m
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND toUnixTimestamp(bucket) % 300 = 240
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
  AND idle_held_ms > 0
GROUP BY slot, cluster, tenant, job, class, model, pool
ORDER BY slot, devices DESC, cluster, tenant, job
LIMIT {limit:UInt32} BY slot
