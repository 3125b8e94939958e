-- Group minutes in which the settler's revision differs from the first one, which the history wrote. Not those with
-- nodes in repair: the history does not know of them.
SELECT toUInt32(uniqExact(bucket)) AS different
FROM
(
  SELECT bucket
  FROM ledger_1m_group
  WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND revision IN (1, {revision:UInt32})
  -- A device that is busy for the rest of its job's last minute has a holder without a name in the settler's eyes.
  GROUP BY bucket, cluster, hall, pool, vendor, model, if(tenant = 'unattributed', '', tenant), class, busy_source
  HAVING sum(failed_ms) + sum(drained_ms) + toInt64(sum(verification_ms)) = 0 AND (
    sumIf(devices, revision = 1) != sumIf(devices, revision = {revision:UInt32})
    OR sumIf(known_ms, revision = 1) != sumIf(known_ms, revision = {revision:UInt32})
    OR sumIf(busy_ms_x1000, revision = 1) != sumIf(busy_ms_x1000, revision = {revision:UInt32})
    OR sumIf(active_ms_x1000, revision = 1) != sumIf(active_ms_x1000, revision = {revision:UInt32})
    OR sumIf(effective_ms_x1000, revision = 1) != sumIf(effective_ms_x1000, revision = {revision:UInt32})
    OR sumIf(power_mw_ms, revision = 1) != sumIf(power_mw_ms, revision = {revision:UInt32})
    OR sumIf(memory_ms_x1000, revision = 1) != sumIf(memory_ms_x1000, revision = {revision:UInt32})
    OR sumIf(temperature_mc_ms, revision = 1) != sumIf(temperature_mc_ms, revision = {revision:UInt32})
  )
)
