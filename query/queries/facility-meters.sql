-- Energy of meters by period, by piece of time between changes of the tree, prices or factors, and by slot of the local day.
SELECT
  toString(meter) AS meter_name,
  roundDown(toUnixTimestamp(bucket), {starts:Array(UInt32)}) AS period_s,
  roundDown(toUnixTimestamp(bucket), {pieces:Array(UInt32)}) AS piece_s,
  intDiv(toHour(bucket, {zone:String}) * 60 + toMinute(bucket, {zone:String}), {slot_minutes:UInt16}) AS slot,
  sum(energy_mj) AS sum_energy_mj,
  sum(known_ms) AS sum_known_ms,
  sum(estimated_ms) AS sum_estimated_ms
FROM meter_energy_15m FINAL
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND meter IN {meters:Array(String)}
GROUP BY meter_name, period_s, piece_s, slot
