-- One page of devices as they are now, with what sorting needs of their latest samples.
WITH
  '' AS none,
  0 AS zero,
  current AS
  (
    SELECT *
    FROM devices
    WHERE (empty({ids:Array(String)}) OR device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)}))))
      AND (device_id, at) IN
      (
        SELECT device_id, max(at)
        FROM devices
        WHERE (empty({ids:Array(String)}) OR device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)}))))
          AND ({parent:String} = '' OR device_id IN (SELECT device_id FROM devices WHERE toString(parent_id) = {parent:String}))
        GROUP BY device_id
      )
      -- Said in each part: one device must not cost what the fleet costs.
      AND ({parent:String} = '' OR device_id IN (SELECT device_id FROM devices WHERE toString(parent_id) = {parent:String}))
    ORDER BY device_id, log_position DESC
    LIMIT 1 BY device_id
  ),
  recent AS
  (
    SELECT
      device_id,
      max(ts) AS last_ts,
      argMax(step_ms, ts) AS last_step_ms,
      argMax(busy_source, ts) AS last_busy_source,
      argMax(busy_ratio, ts) AS busy_ratio,
      argMax(power_watts, ts) AS power_watts,
      argMax(temperature_celsius, ts) AS temperature_celsius
    FROM samples
    -- Three intervals of at most 60 s: older samples are not the present. At least 10 s, because a batch of
    -- one-second samples is up to two seconds on its way and devices would flicker.
    WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
      AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - greatest(10000, 3 * toInt64(step_ms)), 'UTC')
      AND (empty({ids:Array(String)}) OR device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)}))))
      AND ({parent:String} = '' OR device_id IN (SELECT device_id FROM devices WHERE toString(parent_id) = {parent:String}))
    GROUP BY device_id
  ),
  accepted AS
  (
    SELECT DISTINCT device_id
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND (empty({ids:Array(String)}) OR device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)}))))
      AND ({parent:String} = '' OR device_id IN (SELECT device_id FROM devices WHERE toString(parent_id) = {parent:String}))
  )
SELECT
  toString(current.device_id) AS id,
  canonical_key,
  vendor,
  model,
  cluster,
  hall,
  rack,
  pool,
  node,
  device_index,
  bus,
  toString(parent_id) AS parent,
  partition_id,
  partition_profile,
  partition_share,
  tenant,
  job,
  namespace,
  pod,
  container,
  class,
  sources,
  labels,
  current.device_id IN accepted AS is_accepted,
  toUnixTimestamp64Milli(recent.last_ts) AS last_sample_ms,
  recent.last_step_ms AS step_ms,
  recent.last_busy_source AS busy_source,
  count() OVER () AS total
FROM current
LEFT JOIN recent ON recent.device_id = current.device_id
WHERE ({include_partitions:UInt8} OR parent_id = 0)
  AND (empty({ids:Array(String)}) OR toString(current.device_id) IN {ids:Array(String)})
  AND ({parent:String} = '' OR toString(parent_id) = {parent:String})
  AND ({q:String} = ''
    OR positionCaseInsensitiveUTF8(node, {q:String}) > 0
    OR positionCaseInsensitiveUTF8(model, {q:String}) > 0
    OR positionCaseInsensitiveUTF8(canonical_key, {q:String}) > 0
    OR current.device_id IN (
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
ORDER BY
  if({descending:UInt8}, '', {sort_text:Identifier}) ASC,
  if({descending:UInt8}, {sort_text:Identifier}, '') DESC,
  isNull({sort_number:Identifier}) ASC,
  {sort_number:Identifier} * if({descending:UInt8}, -1, 1) ASC,
  cluster ASC, node ASC, device_index ASC, current.device_id ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
