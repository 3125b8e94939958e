-- From when until when each job held devices, how many and on which nodes: from settled minutes, hours and days, as
-- ledger-device-count.sql reads them. The first and the last minute of the window are read besides: they say which jobs
-- were there before and still are, which an hour cannot.
WITH
  '' AS none,
  latest AS
  (
    SELECT resolution, bucket, max(revision) AS revision
    FROM revisions
    WHERE resolution IN ('1m', '1h', '1d')
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY resolution, bucket
  ),
  planned AS
  (
    SELECT
      toUnixTimestamp(bucket) AS at_s, toUInt32(60) AS width_s, toUInt8(0) AS edge, device_id, capacity_ms, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing
    FROM ledger_1m
    WHERE
      (
        (bucket >= toDateTime({m1_from_s:Int64}, 'UTC') AND bucket < toDateTime({m1_to_s:Int64}, 'UTC'))
        OR (bucket >= toDateTime({m2_from_s:Int64}, 'UTC') AND bucket < toDateTime({m2_to_s:Int64}, 'UTC'))
        OR (bucket >= toDateTime({m3_from_s:Int64}, 'UTC') AND bucket < toDateTime({m3_to_s:Int64}, 'UTC'))
        OR (bucket >= toDateTime({m4_from_s:Int64}, 'UTC') AND bucket < toDateTime({m4_to_s:Int64}, 'UTC'))
      )
      AND (bucket, revision) IN (SELECT bucket, revision FROM latest WHERE resolution = '1m')
    UNION ALL
    SELECT
      toUnixTimestamp(bucket) AS at_s, toUInt32(3600) AS width_s, toUInt8(0) AS edge, device_id, capacity_ms, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing
    FROM ledger_1h
    WHERE
      (
        (bucket >= toDateTime({h1_from_s:Int64}, 'UTC') AND bucket < toDateTime({h1_to_s:Int64}, 'UTC'))
        OR (bucket >= toDateTime({h2_from_s:Int64}, 'UTC') AND bucket < toDateTime({h2_to_s:Int64}, 'UTC'))
      )
      AND (bucket, revision) IN (SELECT bucket, revision FROM latest WHERE resolution = '1h')
    UNION ALL
    SELECT
      toUnixTimestamp(bucket) AS at_s, toUInt32(86400) AS width_s, toUInt8(0) AS edge, device_id, capacity_ms, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing
    FROM ledger_1d
    WHERE
      (
        toUnixTimestamp(bucket) IN {days_s:Array(UInt32)}
      )
      AND (bucket, revision) IN (SELECT bucket, revision FROM latest WHERE resolution = '1d')
    UNION ALL
    SELECT
      toUnixTimestamp(bucket) AS at_s, toUInt32(60) AS width_s, toUInt8((at_s = {first_s:Int64}) + 2 * (at_s = {last_s:Int64})) AS edge, device_id, capacity_ms, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing
    FROM ledger_1m
    WHERE bucket IN (toDateTime({first_s:Int64}, 'UTC'), toDateTime({last_s:Int64}, 'UTC'))
      AND (bucket, revision) IN (SELECT bucket, revision FROM latest WHERE resolution = '1m')
  )
SELECT
  cluster AS of_cluster,
  job AS of_job,
  toUInt32(uniqExact(device_id)) AS devices,
  toUInt32(uniqExact(node)) AS nodes,
  toUInt32(uniqExactIf(device_id, bitTest(edge, 1))) AS devices_at_end,
  countIf(bitTest(edge, 0)) > 0 AS was_before,
  countIf(bitTest(edge, 1)) > 0 AS is_running,
  min((at_s, width_s)) AS first,
  max((toUInt32(at_s + width_s), -toInt32(width_s))) AS last
FROM planned
WHERE capacity_ms > 0
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
GROUP BY of_cluster, of_job
