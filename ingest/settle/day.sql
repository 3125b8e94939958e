-- One local day of the site as one revision, from the published minutes.
INSERT INTO ledger_1d
(
  bucket, local_date, device_id, revision,
  cluster, hall, rack, pool, node, vendor,
  model, tenant, job, class, busy_source,
  capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000,
  effective_known_ms, effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000,
  temperature_known_ms, temperature_mc_ms,
  temperature_max, margin_min
)
SELECT
  toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC'), {date:Date}, l.device_id, {revision:UInt32},
  l.cluster, l.hall, l.rack, l.pool, l.node, l.vendor,
  l.model, l.tenant, l.job, l.class, l.busy_source,
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
  l.model, l.tenant, l.job, l.class, l.busy_source
