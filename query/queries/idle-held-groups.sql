-- The devices of idle-held.sql summed: those whose newest settled minute is idle, by what one line stands for and by what
-- decides price and payer. Of each stretch the time in every piece between two changes of prices.
WITH
  '' AS none,
  {from_s:Int64} AS from_s,
  {to_s:Int64} AS to_s,
  idle_minutes AS
  (
    SELECT
      device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model,
      toUnixTimestamp(bucket) AS at_s,
      toInt64(sum(idle_held_ms)) AS idle_ms
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
    HAVING idle_ms > 0
  ),
  stretches AS
  (
    SELECT
      device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model,
      arrayReverseSort(groupArray((at_s, idle_ms))) AS idle_at,
      -- The run of minutes that ends with the newest settled one.
      arraySum(arrayMap((minute, at) -> toUInt32(minute.1 + 60 * at = to_s), idle_at, arrayEnumerate(idle_at))) AS run,
      arraySlice(idle_at, 1, run) AS stretch
    FROM idle_minutes
    GROUP BY device_id, tenant, job, class, billing, node, cluster, hall, rack, pool, model
    HAVING idle_at[1].1 = to_s - 60
  )
SELECT
  [{k1:Identifier} AS key_1, {k2:Identifier} AS key_2, {k3:Identifier} AS key_3] AS keys,
  s.tenant AS of_tenant,
  s.class AS of_class,
  s.billing AS of_billing,
  s.model AS of_model,
  s.pool AS of_pool,
  toUInt32(count()) AS devices,
  arrayDistinct(groupArray(concat(s.cluster, '\n', s.node))) AS nodes,
  (to_s - 60 * toInt64(max(run))) * 1000 AS since_ms,
  (to_s - 60 * toInt64(min(run))) * 1000 AS since_latest_ms,
  arrayMap(ms -> toString(ms), sumForEach(arrayMap(
    (piece_from, piece_to) -> arraySum(m -> if(m.1 >= piece_from AND m.1 < piece_to, m.2, 0), stretch),
    {pieces_from_s:Array(UInt32)}, {pieces_to_s:Array(UInt32)}))) AS pieces_ms
FROM stretches AS s
GROUP BY key_1, key_2, key_3, s.tenant, s.class, s.billing, s.model, s.pool
