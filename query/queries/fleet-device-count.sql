-- Distinct devices with capacity in the window, by what they were while they had it. A change counts
-- from the minute it happened in, as in device_minutes. Of two rows of one moment the first is valid for
-- no time at all, so FINAL is not needed.
WITH
  '' AS none,
  spans AS
  (
    SELECT
      device_id, cluster, hall, rack, pool, node, vendor, model, tenant, job, class,
      intDiv(toUnixTimestamp64Milli(at), 60000) * 60000 AS valid_from_ms,
      intDiv(toUnixTimestamp64Milli(leadInFrame(at, 1, toDateTime64('2100-01-01 00:00:00', 3, 'UTC')) OVER (
        PARTITION BY device_id ORDER BY at, log_position ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
      )), 60000) * 60000 AS valid_to_ms
    FROM devices
    WHERE at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  ),
  capacity AS
  (
    SELECT
      device_id,
      toUnixTimestamp64Milli(from_at) AS capacity_from_ms,
      toUnixTimestamp64Milli(to_at) AS capacity_to_ms
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND to_at > from_at
      AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  )
SELECT
  {k1:Identifier} AS key_1,
  {k2:Identifier} AS key_2,
  {k3:Identifier} AS key_3,
  {k4:Identifier} AS key_4,
  toUInt32(uniqExact(spans.device_id)) AS devices
FROM spans
INNER JOIN capacity ON capacity.device_id = spans.device_id
WHERE greatest(valid_from_ms, capacity_from_ms, {from_ms:Int64})
    < least(valid_to_ms, capacity_to_ms, {to_ms:Int64})
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
GROUP BY key_1, key_2, key_3, key_4
