-- The same for the minutes of groups, except those that are settled with it: they are summed with their moves.
INSERT INTO ledger_1m_group
(
  bucket, revision,
  cluster, hall, pool, vendor, model, tenant, class, allocation_source, billing, busy_source,
  unallocated_ms, idle_held_ms, productive_ms_x1000,
  busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms
)
SELECT
  bucket, revision,
  cluster, hall, pool, vendor, model, tenant, class, allocation_source, billing, busy_source,
  sum(unallocated_ms),
  sum(idle_held_ms),
  sum(productive_ms_x1000),
  sum(busy_unallocated_ms_x1000),
  sum(busy_idle_held_ms_x1000),
  sum(power_unallocated_mw_ms),
  sum(power_idle_held_mw_ms)
FROM ledger_moves
WHERE pass_from = toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC')
  AND pass_to = toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
  AND pass_revision = {revision:UInt32}
  AND NOT (bucket >= pass_from AND bucket < pass_to)
GROUP BY
  bucket, revision,
  cluster, hall, pool, vendor, model, tenant, class, allocation_source, billing, busy_source
