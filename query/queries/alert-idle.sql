-- Devices that are idle in the newest settled minute although somebody holds them, by holder and price.
SELECT
  cluster,
  tenant,
  job,
  class,
  model,
  pool,
  vendor,
  count() AS devices
FROM
(
  SELECT cluster, tenant, job, class, model, pool, vendor, device_id
  FROM ledger_1m
  WHERE bucket = toDateTime({minute_s:Int64}, 'UTC')
    AND (bucket, revision) IN (
      SELECT bucket, max(revision)
      FROM revisions
      WHERE resolution = '1m' AND bucket = toDateTime({minute_s:Int64}, 'UTC')
      GROUP BY bucket
    )
  GROUP BY cluster, tenant, job, class, model, pool, vendor, device_id
  HAVING sum(idle_held_ms) > 0
)
GROUP BY cluster, tenant, job, class, model, pool, vendor
ORDER BY devices DESC
LIMIT {limit:UInt32}
