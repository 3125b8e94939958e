-- The same for the nodes of one local day, if it was settled before.
INSERT INTO ledger_1d_node
(
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model, tenant, class, allocation_source, billing, busy_source,
  unallocated_ms, idle_held_ms, productive_ms_x1000,
  busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, power_unallocated_mw_ms, power_idle_held_mw_ms
)
SELECT
  r.bucket, r.revision,
  m.cluster, m.hall, m.rack, m.pool, m.node, m.vendor, m.model, m.tenant, m.class, m.allocation_source, m.billing, m.busy_source,
  sum(m.unallocated_ms),
  sum(m.idle_held_ms),
  sum(m.productive_ms_x1000),
  sum(m.busy_unallocated_ms_x1000),
  sum(m.busy_idle_held_ms_x1000),
  sum(m.power_unallocated_mw_ms),
  sum(m.power_idle_held_mw_ms)
FROM ledger_moves AS m
INNER JOIN
(
  SELECT bucket, max(revision) AS revision
  FROM revisions
  WHERE resolution = '1d_node'
    AND bucket = toDateTime({day_s:Int64}, 'UTC')
  GROUP BY bucket
) AS r ON 1
WHERE m.pass_from = toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC')
  AND m.pass_to = toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
  AND m.pass_revision = {revision:UInt32}
  AND m.bucket >= toDateTime({day_s:Int64}, 'UTC')
  AND m.bucket < toDateTime({day_end_s:Int64}, 'UTC')
  AND NOT (m.bucket >= m.pass_from AND m.bucket < m.pass_to)
GROUP BY
  r.bucket, r.revision,
  m.cluster, m.hall, m.rack, m.pool, m.node, m.vendor, m.model, m.tenant, m.class, m.allocation_source, m.billing, m.busy_source
