-- What each device of a job did in the part of a window in which the job held it, by settled minutes, hours and days, as
-- ledger-device-count.sql reads them.
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
      device_id, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing,
      capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms, effective_ms_x1000, idle_held_ms,
      power_known_ms, power_mw_ms
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
      device_id, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing,
      capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms, effective_ms_x1000, idle_held_ms,
      power_known_ms, power_mw_ms
    FROM ledger_1h
    WHERE
      (
        (bucket >= toDateTime({h1_from_s:Int64}, 'UTC') AND bucket < toDateTime({h1_to_s:Int64}, 'UTC'))
        OR (bucket >= toDateTime({h2_from_s:Int64}, 'UTC') AND bucket < toDateTime({h2_to_s:Int64}, 'UTC'))
      )
      AND (bucket, revision) IN (SELECT bucket, revision FROM latest WHERE resolution = '1h')
    UNION ALL
    SELECT
      device_id, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing,
      capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms, effective_ms_x1000, idle_held_ms,
      power_known_ms, power_mw_ms
    FROM ledger_1d
    WHERE
      (
        toUnixTimestamp(bucket) IN {days_s:Array(UInt32)}
      )
      AND (bucket, revision) IN (SELECT bucket, revision FROM latest WHERE resolution = '1d')
  )
SELECT
  toString(p.device_id) AS id,
  any(p.node) AS of_node,
  any(p.rack) AS of_rack,
  any(d.device_index) AS of_index,
  toUInt64(sum(p.capacity_ms)) AS capacity,
  toUInt64(sum(p.verification_ms)) AS verification,
  toUInt64(sum(p.known_ms)) AS known,
  toUInt64(sum(p.busy_ms_x1000)) AS busy,
  toUInt64(sum(p.active_known_ms)) AS active_known,
  toUInt64(sum(p.active_ms_x1000)) AS active,
  toUInt64(sum(p.effective_known_ms)) AS effective_known,
  toUInt64(sum(p.effective_ms_x1000)) AS effective,
  sum(p.idle_held_ms) AS idle_held,
  toUInt64(sum(p.power_known_ms)) AS power_known,
  toString(sum(toUInt128(p.power_mw_ms))) AS power
FROM planned AS p
LEFT JOIN
(
  SELECT device_id, argMax(device_index, (at, log_position)) AS device_index
  FROM devices
  GROUP BY device_id
) AS d ON d.device_id = p.device_id
WHERE p.job != ''
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
GROUP BY p.device_id
HAVING capacity > 0
ORDER BY of_node, of_index, id
LIMIT {limit:UInt32}
