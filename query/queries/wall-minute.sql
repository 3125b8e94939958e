-- One settled minute of every device, for the wall: a single row of lists, one place per device, in whole numbers because
-- printing them is most of the work; -1 = no value. States are those of LEDGER_STATES by place: the one that has most of
-- the minute; where that is work, any time lost to throttling shows.
SELECT
  groupArray(toString(device_id)) AS ids,
  groupArray(toUInt8(if(if(main >= 7, throttled > 0, 0), 6, main))) AS state,
  groupArray(toInt32(if(base <= 0, -1, intDiv(known * 1000, base)))) AS coverage,
  groupArray(toInt32(if(known = 0, -1, intDivOrZero(busy, known)))) AS busy,
  groupArray(toInt32(if(active_known = 0, -1, intDivOrZero(active, active_known)))) AS active,
  groupArray(toInt32(if(effective_known = 0, -1, intDivOrZero(effective, effective_known)))) AS effective,
  -- Tenths of a degree from 100 below zero on: a margin may be negative.
  groupArray(toInt32(ifNull(round(told_margin * 10) + 1000, -1))) AS margin,
  groupArray(toInt32(ifNull(round(hottest * 10), -1))) AS heat_tenths,
  groupArray(toInt32(if(power_known = 0, -1, intDivOrZero(power, power_known * 1000)))) AS watts
FROM
(
  SELECT
    device_id,
    toInt64(sum(capacity_ms)) - toInt64(sum(verification_ms)) AS base,
    toInt64(sum(known_ms)) AS known,
    sum(busy_ms_x1000) AS busy,
    sum(active_known_ms) AS active_known,
    sum(active_ms_x1000) AS active,
    sum(effective_known_ms) AS effective_known,
    sum(effective_ms_x1000) AS effective,
    sum(power_known_ms) AS power_known,
    sum(power_mw_ms) AS power,
    max(temperature_max) AS hottest,
    min(margin_min) AS told_margin,
    sum(throttled_ms_x1000) AS throttled,
    [
      sum(failed_ms),
      sum(drained_ms),
      toInt64(sum(verification_ms)),
      base - known,
      sum(unallocated_ms),
      sum(idle_held_ms),
      intDiv(throttled, 1000),
      intDiv(sum(inefficient_ms_x1000), 1000),
      intDiv(sum(productive_ms_x1000), 1000)
    ] AS spent,
    indexOf(spent, arrayMax(spent)) - 1 AS main
  FROM ledger_1m
  PREWHERE bucket = toDateTime({bucket_s:Int64}, 'UTC')
  WHERE revision = (SELECT max(revision) FROM revisions WHERE resolution = '1m' AND bucket = toDateTime({bucket_s:Int64}, 'UTC'))
  GROUP BY device_id
  HAVING sum(capacity_ms) > 0
)
