-- One local day of the site as one revision, from the published minutes.
INSERT INTO ledger_1d
(
  bucket, local_date, device_id, revision,
  cluster, hall, rack, pool, node, vendor,
  model, tenant, job, class, allocation_source, billing, busy_source,
  capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000, effective_known_ms,
  effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000, temperature_known_ms,
  temperature_mc_ms, failed_ms, drained_ms, unknown_ms, unallocated_ms, idle_held_ms, throttled_ms_x1000,
  throttled_heat_ms_x1000, throttled_power_ms_x1000, inefficient_ms_x1000, inefficient_lost_ms_x1000,
  productive_ms_x1000, busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, busy_throttled_ms_x1000,
  busy_inefficient_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms, allocated_known_ms, allocated_ms,
  temperature_max, margin_min
)
SELECT
  toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC'), {date:Date}, l.device_id, {revision:UInt32},
  l.cluster, l.hall, l.rack, l.pool, l.node, l.vendor,
  l.model, l.tenant, l.job, l.class, l.allocation_source, l.billing, l.busy_source,
  sum(l.capacity_ms),
  sum(l.verification_ms),
  sum(l.known_ms),
  sum(l.busy_ms_x1000),
  sum(l.active_known_ms),
  sum(l.active_ms_x1000),
  sum(l.effective_known_ms),
  sum(l.effective_ms_x1000),
  sum(l.power_known_ms),
  sum(l.power_mw_ms),
  sum(l.memory_known_ms),
  sum(l.memory_ms_x1000),
  sum(l.temperature_known_ms),
  sum(l.temperature_mc_ms),
  sum(l.failed_ms),
  sum(l.drained_ms),
  sum(l.unknown_ms),
  sum(l.unallocated_ms),
  sum(l.idle_held_ms),
  sum(l.throttled_ms_x1000),
  sum(l.throttled_heat_ms_x1000),
  sum(l.throttled_power_ms_x1000),
  sum(l.inefficient_ms_x1000),
  sum(l.inefficient_lost_ms_x1000),
  sum(l.productive_ms_x1000),
  sum(l.busy_unallocated_ms_x1000),
  sum(l.busy_idle_held_ms_x1000),
  sum(l.busy_throttled_ms_x1000),
  sum(l.busy_inefficient_ms_x1000),
  sum(l.power_unallocated_mw_ms),
  sum(l.power_idle_held_mw_ms),
  sum(l.allocated_known_ms),
  sum(l.allocated_ms),
  max(l.temperature_max),
  min(l.margin_min)
FROM ledger_1m AS l
WHERE l.bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND l.bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND (l.bucket, l.revision) IN
  (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    GROUP BY bucket
  )
GROUP BY
  l.device_id,
  l.cluster, l.hall, l.rack, l.pool, l.node, l.vendor,
  l.model, l.tenant, l.job, l.class, l.allocation_source, l.billing, l.busy_source
