-- The latest of every device in its last three intervals, for the wall: a single row of lists, one place per device, in whole
-- numbers because printing them is most of the work; -1 = no value. argMax skips nulls, so what is read less often keeps
-- its value for that long (device-latest.sql).
SELECT
  groupArray(toString(device_id)) AS ids,
  groupArray(toUInt32(age_s)) AS age,
  groupArray(toInt32(ifNull(round(now_busy * 1000), -1))) AS busy,
  groupArray(toInt32(ifNull(round(now_active * 1000), -1))) AS active,
  groupArray(toInt32(ifNull(round(tensor * least(1, clock) * 1000), -1))) AS effective,
  -- Tenths of a degree from 100 below zero on: a margin may be negative.
  groupArray(toInt32(ifNull(round(coalesce(told_margin, slowdown - heat) * 10) + 1000, -1))) AS margin,
  groupArray(toInt32(ifNull(round(heat * 10), -1))) AS heat_tenths,
  groupArray(toInt32(ifNull(round(drawn), -1))) AS watts,
  groupArray(toInt32(ifNull(round(cap), -1))) AS cap_watts,
  -- Clocks cut for heat, a power brake or hardware while it works, as device_minutes judges it.
  groupArray(toUInt8(bitAnd(ifNull(cuts, 0), 232) != 0 AND ifNull(now_busy, 0) >= 0.05 AND ifNull(clock, 1) < 1)) AS is_cut
FROM
(
  SELECT
    device_id,
    greatest(0, intDiv({now_ms:Int64} - toUnixTimestamp64Milli(max(ts)), 1000)) AS age_s,
    argMax(busy_ratio, ts) AS now_busy,
    argMax(coalesce(sm_active_ratio, aicore_ratio), ts) AS now_active,
    argMax(coalesce(tensor_active_ratio, aicube_ratio), ts) AS tensor,
    argMax(sm_clock_hertz / sm_clock_max_hertz, ts) AS clock,
    argMax(temperature_margin_celsius, ts) AS told_margin,
    argMax(temperature_slowdown_celsius, ts) AS slowdown,
    argMax(temperature_celsius, ts) AS heat,
    argMax(power_watts, ts) AS drawn,
    argMax(power_limit_watts, ts) AS cap,
    argMax(clock_event_reasons, ts) AS cuts
  FROM samples
  WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC')
    AND ts > fromUnixTimestamp64Milli({now_ms:Int64} - greatest(10000, 3 * toInt64(step_ms)), 'UTC')
  GROUP BY device_id
)
