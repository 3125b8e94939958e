-- Idle time found with hindsight, added to the minutes of devices as rows without capacity of their own.
INSERT INTO ledger_1m
(
  bucket, device_id, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, busy_source,
  unallocated_ms, idle_held_ms, productive_ms_x1000,
  busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms
)
SELECT
  bucket, device_id, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, busy_source,
  unallocated_ms, idle_held_ms, productive_ms_x1000,
  busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms
FROM ledger_moves
WHERE pass_from = toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC')
  AND pass_to = toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
  AND pass_revision = {revision:UInt32}
