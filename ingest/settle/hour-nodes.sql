-- The same hours by node, from the rows of the same revision.
INSERT INTO ledger_1h_node
(
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant,
  class, busy_source,
  devices,
  capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000,
  effective_known_ms, effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000,
  temperature_known_ms, temperature_mc_ms,
  temperature_max, margin_min
)
SELECT
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant,
  class, busy_source,
  uniqExact(device_id),
  sum(capacity_ms),
  sum(verification_ms),
  sum(known_ms),
  sum(busy_ms_x1000),
  sum(active_known_ms),
  sum(active_ms_x1000),
  sum(effective_known_ms),
  sum(effective_ms_x1000),
  sum(power_known_ms),
  sum(power_mw_ms),
  sum(memory_known_ms),
  sum(memory_ms_x1000),
  sum(temperature_known_ms),
  sum(temperature_mc_ms),
  max(temperature_max),
  min(margin_min)
FROM ledger_1h
WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND revision = {revision:UInt32}
GROUP BY
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant,
  class, busy_source
