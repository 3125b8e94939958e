-- One page of devices as they are now, with what sorting needs of their latest samples. Where the ledger counts a device
-- its place and holders are the ledger's (the newest open set of device_spans), else what its collector told.
WITH
  '' AS none,
  0 AS zero,
  current AS
  (
    SELECT
      device_id, log_position, canonical_key, node, vendor, model, device_index, parent_id, cluster, hall, rack, pool, tenant, job, class
    FROM devices
    WHERE (device_id, at) IN (SELECT device_id, max(at) FROM devices GROUP BY device_id)
    ORDER BY device_id, log_position DESC
    LIMIT 1 BY device_id
  ),
  recent AS
  (
    SELECT
      device_id,
      argMax(busy_ratio, ts) AS busy_ratio,
      argMax(power_watts, ts) AS power_watts,
      argMax(temperature_celsius, ts) AS temperature_celsius
    FROM samples
    -- Three intervals of at most 60 s: older samples are not the present. At least 10 s, because a batch of
    -- one-second samples is up to two seconds on its way and devices would flicker.
    WHERE {by_value:UInt8}
      AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
      AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - greatest(10000, 3 * toInt64(step_ms)), 'UTC')
    GROUP BY device_id
  ),
  -- A row per holder: a shared device is found by each of them.
  counted AS
  (
    SELECT
      device_id, cluster, hall, rack, pool, tenant, job, class, allocation_source, billing,
      multiIf(
        state = 1, 'failed',
        state = 2, 'drained',
        state = 3, 'verification',
        is_held = 1, 'held',
        allocation_source != 'none', 'free',
        'untold'
      ) AS ledger_state
    FROM device_spans
    WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
      AND from_ms <= {now_ms:Int64}
      AND to_ms > {now_ms:Int64}
  ),
  stood AS
  (
    SELECT
      c.device_id AS device_id,
      canonical_key, vendor, model, node, device_index, parent_id,
      c.cluster AS told_cluster,
      s.ledger_state != '' AS is_counted,
      if(is_counted, s.cluster, c.cluster) AS cluster,
      if(is_counted, s.hall, c.hall) AS hall,
      if(is_counted, s.rack, c.rack) AS rack,
      if(is_counted, s.pool, c.pool) AS pool,
      if(is_counted, s.tenant, c.tenant) AS tenant,
      if(is_counted, s.job, c.job) AS job,
      if(is_counted, s.class, c.class) AS class,
      s.allocation_source AS allocation_source,
      s.billing AS billing,
      if(is_counted, s.ledger_state, 'outside') AS ledger_state
    FROM current AS c
    LEFT JOIN counted AS s ON s.device_id = c.device_id
  ),
  chosen AS
  (
    SELECT *
    FROM stood
    WHERE ({include_partitions:UInt8} OR parent_id = 0)
      AND ({at_node:String} = '' OR (node = {at_node:String} AND told_cluster = {at_cluster:String}))
      AND (empty({states:Array(String)}) OR ledger_state IN {states:Array(String)})
      AND ({q:String} = ''
        OR positionCaseInsensitiveUTF8(node, {q:String}) > 0
        OR positionCaseInsensitiveUTF8(model, {q:String}) > 0
        OR positionCaseInsensitiveUTF8(canonical_key, {q:String}) > 0
        OR device_id IN (
          SELECT device_id FROM device_aliases WHERE positionCaseInsensitiveUTF8(key, {q:String}) > 0
        ))
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
    LIMIT 1 BY device_id
  )
SELECT
  toString(chosen.device_id) AS id,
  cluster,
  hall,
  rack,
  pool,
  count() OVER () AS total
FROM chosen
LEFT JOIN recent ON recent.device_id = chosen.device_id
ORDER BY
  if({descending:UInt8}, '', {sort_text:Identifier}) ASC,
  if({descending:UInt8}, {sort_text:Identifier}, '') DESC,
  isNull({sort_number:Identifier}) ASC,
  {sort_number:Identifier} * if({descending:UInt8}, -1, 1) ASC,
  cluster ASC, node ASC, device_index ASC, device_id ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
