-- One metric of meters by meter (or of all of them) and step. A sample speaks for its own cell; percentiles are of meters'
-- means of a step.
WITH
  devices AS
  (
    SELECT
      if({by_meter:UInt8}, toString(meter), '') AS key,
      toUInt32(intDiv(toUnixTimestamp(ts) - {t0_s:Int64}, {step_s:Int64})) AS slot,
      toString(meter) AS device_id,
      toUInt64({step_s:Int64} * 1000) AS capacity,
      sum(toUInt64(step_ms)) AS known,
      min(assumeNotNull(value)) AS lowest,
      max(assumeNotNull(value)) AS highest,
      toUInt64(toUnixTimestamp64Milli(max(ts)) - toUnixTimestamp64Milli(min(ts))) AS span_ms,
      if(
        {is_counter:UInt8},
        -- A reading below the one before it is a restart that counts from zero.
        deltaSumTimestamp(assumeNotNull(value), toUInt64(toUnixTimestamp64Milli(ts))) * 1000 / span_ms,
        sum(assumeNotNull(value) * step_ms) / known
      ) AS mean,
      isFinite(mean) AS has_value
    FROM samples_meter
    WHERE ts >= toDateTime64({from_s:Int64}, 3, 'UTC')
      AND ts < toDateTime64({to_s:Int64}, 3, 'UTC')
      AND metric = {metric:String}
      AND isNotNull(value)
      AND (empty({meters:Array(String)}) OR meter IN {meters:Array(String)})
      AND startsWith(meter, {prefix:String})
    GROUP BY key, slot, meter
  ),
  steps AS
  (
    SELECT
      key,
      slot,
      sum(capacity) AS step_capacity,
      sumIf(least(known, capacity), has_value) AS step_known,
      sumIf(mean * known, has_value) AS step_weighed,
      sumIf(known, has_value) AS weight,
      uniqExactStateIf(device_id, has_value) AS speakers,
      multiIf(
        {stat:String} = 'avg', step_weighed / weight,
        {stat:String} = 'min', minIf(if({is_counter:UInt8}, mean, lowest), has_value),
        {stat:String} = 'max', maxIf(if({is_counter:UInt8}, mean, highest), has_value),
        {stat:String} = 'p5', quantileExactIf(0.05)(mean, has_value),
        quantileExactIf(0.95)(mean, has_value)
      ) AS value
    FROM devices
    GROUP BY key, slot
  )
SELECT
  key,
  groupArray(slot) AS slots,
  -- A list leaves nulls out unless they are wrapped.
  arrayMap(step -> step.1, groupArray(tuple(if(weight > 0, value, NULL)))) AS values,
  groupArray(toFloat64(step_known)) AS known_ms,
  groupArray(toFloat64(step_capacity)) AS capacity_ms,
  if(sum(weight) > 0, sum(step_weighed) / sum(weight), NULL) AS mean,
  uniqExactMerge(speakers) AS sources,
  count() OVER () AS groups_total
FROM steps
GROUP BY key
ORDER BY isNull(mean), mean DESC, key
LIMIT {groups_max:UInt32}
