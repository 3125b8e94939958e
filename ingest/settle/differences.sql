-- Settled minutes that would come out otherwise today: the published rows against the same view that
-- settles. A digest over all columns finds what the sums do not show (a pool, a temperature).
SELECT
  toInt64(toUnixTimestamp(bucket)) * 1000 AS minute_ms,
  sumIf(known, is_new = 0) AS old_known_ms,
  sumIf(known, is_new = 1) AS new_known_ms,
  sumIf(busy, is_new = 0) AS old_busy_ms_x1000,
  sumIf(busy, is_new = 1) AS new_busy_ms_x1000
FROM
(
  SELECT
    is_new,
    bucket,
    sum(toUInt64(known_ms)) AS known,
    sum(toUInt64(busy_ms_x1000)) AS busy,
    sum(cityHash64(
      device_id,
      toString(cluster), toString(hall), toString(rack), toString(pool), toString(node), toString(vendor),
      toString(model), toString(tenant), toString(job), toString(class), toString(allocation_source),
      toString(billing), toUInt8(busy_source), toUInt8(quiet),
      toUInt64(capacity_ms), toUInt64(verification_ms), toUInt64(known_ms), toUInt64(busy_ms_x1000),
      toUInt64(active_known_ms), toUInt64(active_ms_x1000), toUInt64(effective_known_ms), toUInt64(effective_ms_x1000),
      toUInt64(power_known_ms), toUInt64(power_mw_ms), toUInt64(memory_known_ms), toUInt64(memory_ms_x1000),
      toUInt64(temperature_known_ms), toInt64(temperature_mc_ms),
      toInt64(failed_ms), toInt64(drained_ms), toInt64(unknown_ms), toInt64(unallocated_ms),
      toInt64(throttled_ms_x1000), toInt64(throttled_heat_ms_x1000), toInt64(throttled_power_ms_x1000),
      toInt64(inefficient_ms_x1000), toInt64(inefficient_lost_ms_x1000), toInt64(productive_ms_x1000),
      toInt64(busy_unallocated_ms_x1000), toInt64(busy_throttled_ms_x1000), toInt64(busy_inefficient_ms_x1000),
      toInt64(power_unallocated_mw_ms), toInt64(allocated_known_ms), toInt64(allocated_ms),
      isNull(temperature_max), ifNull(toFloat32(temperature_max), toFloat32(0)),
      isNull(margin_min), ifNull(toFloat32(margin_min), toFloat32(0))
    )) AS digest
  FROM
  (
    SELECT 0 AS is_new, * EXCEPT (revision)
    FROM ledger_1m
    WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      -- Idle time found with hindsight is no part of what settles.
      AND capacity_ms > 0
      AND (bucket, revision) IN
      (
        SELECT bucket, max(revision)
        FROM revisions
        WHERE resolution = '1m'
          AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
          AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        GROUP BY bucket
      )
    UNION ALL
    SELECT 1 AS is_new, *
    FROM device_minutes(from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64}, set_id = {set_id:UInt64})
  )
  GROUP BY is_new, bucket
)
GROUP BY bucket
HAVING sumIf(digest, is_new = 0) != sumIf(digest, is_new = 1)
ORDER BY bucket
