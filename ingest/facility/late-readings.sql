-- Buckets that readings stored since then speak for: their own, and where the interval before or after them lies.
SELECT
  arrayJoin(arrayDistinct([
    intDiv(at_ms - step, {bucket_ms:Int64}), intDiv(at_ms, {bucket_ms:Int64}), intDiv(at_ms + step - 1, {bucket_ms:Int64})
  ])) * {bucket_ms:Int64} AS from_ms,
  max(stored_ms) AS inserted_ms
FROM
(
  SELECT
    toUnixTimestamp64Milli(ts) AS at_ms,
    toInt64(step_ms) AS step,
    toUnixTimestamp64Milli(inserted_at) AS stored_ms
  FROM samples_meter
  WHERE inserted_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND ts >= fromUnixTimestamp64Milli({horizon_ms:Int64}, 'UTC')
    AND metric IN ('energy_joules_total', 'power_watts', 'energy_reset_seconds')
)
GROUP BY from_ms
ORDER BY from_ms
