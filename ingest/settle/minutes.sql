-- Closed minutes as one revision, from raw samples and the interval tables.
INSERT INTO ledger_1m
(
  bucket, device_id, revision,
  cluster, hall, rack, pool, node, vendor,
  model, tenant, job, class, allocation_source, billing, busy_source, quiet,
  capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms,
  effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000, temperature_known_ms,
  temperature_mc_ms, failed_ms, drained_ms, unknown_ms, unallocated_ms, idle_held_ms, throttled_ms_x1000,
  throttled_heat_ms_x1000, throttled_power_ms_x1000, inefficient_ms_x1000, inefficient_lost_ms_x1000,
  productive_ms_x1000, busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, busy_throttled_ms_x1000,
  busy_inefficient_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms, allocated_known_ms, allocated_ms,
  temperature_max, margin_min
)
SELECT
  bucket, device_id, {revision:UInt32},
  cluster, hall, rack, pool, node, vendor,
  model, tenant, job, class, allocation_source, billing, busy_source, quiet,
  capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms,
  effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000, temperature_known_ms,
  temperature_mc_ms, failed_ms, drained_ms, unknown_ms, unallocated_ms, idle_held_ms, throttled_ms_x1000,
  throttled_heat_ms_x1000, throttled_power_ms_x1000, inefficient_ms_x1000, inefficient_lost_ms_x1000,
  productive_ms_x1000, busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, busy_throttled_ms_x1000,
  busy_inefficient_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms, allocated_known_ms, allocated_ms,
  temperature_max, margin_min
FROM device_minutes(from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64}, set_id = {set_id:UInt64})
