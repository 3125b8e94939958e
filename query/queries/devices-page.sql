-- One page of devices as they are now, with what sorting needs of their latest samples.
WITH
  '' AS none,
  0 AS zero,
  current AS
  (
    SELECT *
    FROM devices
    WHERE (device_id, at) IN (SELECT device_id, max(at) FROM devices GROUP BY device_id)
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
    -- Three intervals of at most 60 s: older samples are not the present.
    WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
      AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - 3 * toInt64(step_ms), 'UTC')
    GROUP BY device_id
  ),
  accepted AS
  (
    SELECT DISTINCT device_id
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
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
  AND (empty({cluster_in:Array(String)}) OR cluster IN {cluster_in:Array(String)})
  AND (empty({cluster_not:Array(String)}) OR cluster NOT IN {cluster_not:Array(String)})
  AND (empty({cluster_prefix:Array(String)}) OR arrayAll(p -> startsWith(cluster, p), {cluster_prefix:Array(String)}))
  AND (empty({hall_in:Array(String)}) OR hall IN {hall_in:Array(String)})
  AND (empty({hall_not:Array(String)}) OR hall NOT IN {hall_not:Array(String)})
  AND (empty({hall_prefix:Array(String)}) OR arrayAll(p -> startsWith(hall, p), {hall_prefix:Array(String)}))
  AND (empty({rack_in:Array(String)}) OR rack IN {rack_in:Array(String)})
  AND (empty({rack_not:Array(String)}) OR rack NOT IN {rack_not:Array(String)})
  AND (empty({rack_prefix:Array(String)}) OR arrayAll(p -> startsWith(rack, p), {rack_prefix:Array(String)}))
  AND (empty({pool_in:Array(String)}) OR pool IN {pool_in:Array(String)})
  AND (empty({pool_not:Array(String)}) OR pool NOT IN {pool_not:Array(String)})
  AND (empty({pool_prefix:Array(String)}) OR arrayAll(p -> startsWith(pool, p), {pool_prefix:Array(String)}))
  AND (empty({node_in:Array(String)}) OR node IN {node_in:Array(String)})
  AND (empty({node_not:Array(String)}) OR node NOT IN {node_not:Array(String)})
  AND (empty({node_prefix:Array(String)}) OR arrayAll(p -> startsWith(node, p), {node_prefix:Array(String)}))
  AND (empty({vendor_in:Array(String)}) OR vendor IN {vendor_in:Array(String)})
  AND (empty({vendor_not:Array(String)}) OR vendor NOT IN {vendor_not:Array(String)})
  AND (empty({vendor_prefix:Array(String)}) OR arrayAll(p -> startsWith(vendor, p), {vendor_prefix:Array(String)}))
  AND (empty({model_in:Array(String)}) OR model IN {model_in:Array(String)})
  AND (empty({model_not:Array(String)}) OR model NOT IN {model_not:Array(String)})
  AND (empty({model_prefix:Array(String)}) OR arrayAll(p -> startsWith(model, p), {model_prefix:Array(String)}))
  AND (empty({tenant_in:Array(String)}) OR tenant IN {tenant_in:Array(String)})
  AND (empty({tenant_not:Array(String)}) OR tenant NOT IN {tenant_not:Array(String)})
  AND (empty({tenant_prefix:Array(String)}) OR arrayAll(p -> startsWith(tenant, p), {tenant_prefix:Array(String)}))
  AND (empty({job_in:Array(String)}) OR job IN {job_in:Array(String)})
  AND (empty({job_not:Array(String)}) OR job NOT IN {job_not:Array(String)})
  AND (empty({job_prefix:Array(String)}) OR arrayAll(p -> startsWith(job, p), {job_prefix:Array(String)}))
  AND (empty({class_in:Array(String)}) OR class IN {class_in:Array(String)})
  AND (empty({class_not:Array(String)}) OR class NOT IN {class_not:Array(String)})
  AND (empty({class_prefix:Array(String)}) OR arrayAll(p -> startsWith(class, p), {class_prefix:Array(String)}))
ORDER BY
  if({descending:UInt8}, '', {sort_text:Identifier}) ASC,
  if({descending:UInt8}, {sort_text:Identifier}, '') DESC,
  isNull({sort_number:Identifier}) ASC,
  {sort_number:Identifier} * if({descending:UInt8}, -1, 1) ASC,
  cluster ASC, node ASC, device_index ASC, current.device_id ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
