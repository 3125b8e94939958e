-- The same day by node, from the rows of the same revision.
INSERT INTO ledger_1d_node
(
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant,
  class, allocation_source, billing, busy_source,
  devices,
  capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms,
  effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000, temperature_known_ms,
  temperature_mc_ms, failed_ms, drained_ms, unknown_ms, unallocated_ms, idle_held_ms, throttled_ms_x1000,
  throttled_heat_ms_x1000, throttled_power_ms_x1000, inefficient_ms_x1000, inefficient_lost_ms_x1000,
  productive_ms_x1000, busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, busy_throttled_ms_x1000,
  busy_inefficient_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms, allocated_known_ms, allocated_ms,
  temperature_max, margin_min
)
SELECT
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant,
  class, allocation_source, billing, busy_source,
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
  sum(failed_ms),
  sum(drained_ms),
  sum(unknown_ms),
  sum(unallocated_ms),
  sum(idle_held_ms),
  sum(throttled_ms_x1000),
  sum(throttled_heat_ms_x1000),
  sum(throttled_power_ms_x1000),
  sum(inefficient_ms_x1000),
  sum(inefficient_lost_ms_x1000),
  sum(productive_ms_x1000),
  sum(busy_unallocated_ms_x1000),
  sum(busy_idle_held_ms_x1000),
  sum(busy_throttled_ms_x1000),
  sum(busy_inefficient_ms_x1000),
  sum(power_unallocated_mw_ms),
  sum(power_idle_held_mw_ms),
  sum(allocated_known_ms),
  sum(allocated_ms),
  max(temperature_max),
  min(margin_min)
FROM ledger_1d
-- Days of a zone that the site was in before may begin within this one.
WHERE bucket = toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC')
  AND revision = {revision:UInt32}
GROUP BY
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant,
  class, allocation_source, billing, busy_source
