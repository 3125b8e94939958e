-- Devices that are idle now although somebody holds them: those whose newest settled minute is idle, with how long the
-- stretch has lasted. Rows that moved time into idle_held have no capacity of their own, so minutes are sums.
WITH
  {from_s:Int64} AS from_s,
  {to_s:Int64} AS to_s,
  idle_minutes AS
  (
    SELECT
      device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model,
      toUnixTimestamp(bucket) AS at_s
    FROM ledger_1m
    WHERE bucket >= toDateTime(from_s, 'UTC')
      AND bucket < toDateTime(to_s, 'UTC')
      AND idle_held_ms != 0
      AND (bucket, revision) IN (
        SELECT bucket, max(revision)
        FROM revisions
        WHERE resolution = '1m' AND bucket >= toDateTime(from_s, 'UTC') AND bucket < toDateTime(to_s, 'UTC')
        GROUP BY bucket
      )
    GROUP BY device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model, at_s
    HAVING sum(idle_held_ms) > 0
  ),
  stretches AS
  (
    SELECT
      device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model,
      arrayReverseSort(groupArray(at_s)) AS idle_at,
      -- The run of minutes that ends with the newest settled one.
      arraySum(arrayMap((minute, at) -> toUInt32(minute + 60 * at = to_s), idle_at, arrayEnumerate(idle_at))) AS run
    FROM idle_minutes
    GROUP BY device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model
    HAVING idle_at[1] = to_s - 60
  )
SELECT
  toString(device_id) AS id,
  tenant,
  job,
  class,
  billing,
  node,
  cluster,
  hall,
  rack,
  pool,
  model,
  (to_s - 60 * run) * 1000 AS since_ms,
  run AS minutes,
  count() OVER () AS total
FROM stretches
ORDER BY minutes DESC, device_id, tenant, job
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
