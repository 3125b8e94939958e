-- The same sums from a per-device table: minutes, hours or days.
WITH
  '' AS none,
  toUInt64(0) AS zero,
  CAST(NULL, 'Nullable(Float32)') AS nothing
SELECT
  {k1:Identifier} AS key_1,
  {k2:Identifier} AS key_2,
  {k3:Identifier} AS key_3,
  {k4:Identifier} AS key_4,
  -- Step 0 = one figure over the window; the constant costs no grouping.
  if({step_s:Int64} = 0, toUInt32(0), toUInt32(intDiv(toUnixTimestamp(bucket) - {t0_s:Int64}, greatest(1, {step_s:Int64})))) AS slot,
  if({by_source:UInt8}, busy_source, toUInt8(0)) AS source,
  sum(capacity_ms) AS sum_capacity_ms,
  sum(verification_ms) AS sum_verification_ms,
  sum(known_ms) AS sum_known_ms,
  sum(busy_ms_x1000) AS sum_busy_ms_x1000,
  sum({active_known:Identifier}) AS sum_active_known_ms,
  sum({active:Identifier}) AS sum_active_ms_x1000,
  sum({effective_known:Identifier}) AS sum_effective_known_ms,
  sum({effective:Identifier}) AS sum_effective_ms_x1000,
  sum({power_known:Identifier}) AS sum_power_known_ms,
  -- 50,000 devices at 700 W for a year are above 2^64 milliwatt milliseconds.
  sum(toUInt128({power:Identifier})) AS sum_power_mw_ms,
  sum({memory_known:Identifier}) AS sum_memory_known_ms,
  sum({memory:Identifier}) AS sum_memory_ms_x1000,
  sum({temperature_known:Identifier}) AS sum_temperature_known_ms,
  max({temperature:Identifier}) AS max_temperature_celsius,
  toUnixTimestamp(min(bucket)) AS first_bucket_s,
  toUnixTimestamp(max(bucket)) AS last_bucket_s
FROM {table:Identifier}
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = {resolution:String}
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
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
GROUP BY key_1, key_2, key_3, key_4, slot, source
