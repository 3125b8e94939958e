-- Devices that are idle now although somebody holds them: those whose newest settled minute is idle, with how long the
-- stretch has lasted. Rows that moved time into idle_held have no capacity of their own, so minutes are sums.
WITH
  '' AS none,
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
      AND (empty({f1_in:Array(String)}) OR {f1:Identifier} IN {f1_in:Array(String)})
      AND {f1:Identifier} NOT IN {f1_not:Array(String)}
      AND (empty({f1_prefix:Array(String)}) OR arrayAll(p -> startsWith({f1:Identifier}, p), {f1_prefix:Array(String)}))
      AND (empty({f2_in:Array(String)}) OR {f2:Identifier} IN {f2_in:Array(String)})
      AND {f2:Identifier} NOT IN {f2_not:Array(String)}
      AND (empty({f2_prefix:Array(String)}) OR arrayAll(p -> startsWith({f2:Identifier}, p), {f2_prefix:Array(String)}))
      AND (empty({f3_in:Array(String)}) OR {f3:Identifier} IN {f3_in:Array(String)})
      AND {f3:Identifier} NOT IN {f3_not:Array(String)}
      AND (empty({f3_prefix:Array(String)}) OR arrayAll(p -> startsWith({f3:Identifier}, p), {f3_prefix:Array(String)}))
      AND (empty({f4_in:Array(String)}) OR {f4:Identifier} IN {f4_in:Array(String)})
      AND {f4:Identifier} NOT IN {f4_not:Array(String)}
      AND (empty({f4_prefix:Array(String)}) OR arrayAll(p -> startsWith({f4:Identifier}, p), {f4_prefix:Array(String)}))
      AND (empty({f5_in:Array(String)}) OR {f5:Identifier} IN {f5_in:Array(String)})
      AND {f5:Identifier} NOT IN {f5_not:Array(String)}
      AND (empty({f5_prefix:Array(String)}) OR arrayAll(p -> startsWith({f5:Identifier}, p), {f5_prefix:Array(String)}))
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
