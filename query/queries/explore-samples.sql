-- One metric of devices by group and step, from raw samples. A sample speaks for its own cell; where its device stood and
-- who held it is what the settled minute says, so that a group of a past hour is what it was then. Percentiles are of
-- devices' means of a step, the extremes of readings.
WITH
  '' AS none,
  minutes AS
  (
    SELECT
      device_id,
      toUnixTimestamp(bucket) AS minute_s,
      if({by_device:UInt8}, toString(device_id), toString({k1:Identifier})) AS key,
      sum(l.capacity_ms) AS capacity
    FROM ledger_1m AS l
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
  AND (empty({f1_in:Array(String)}) OR {f1:Identifier} IN {f1_in:Array(String)})
  AND {f1:Identifier} NOT IN {f1_not:Array(String)}
  AND (empty({f1_prefix:Array(String)}) OR arrayAll(p -> startsWith({f1:Identifier}, p), {f1_prefix:Array(String)}))
  AND (empty({f2_in:Array(String)}) OR {f2:Identifier} IN {f2_in:Array(String)})
  AND {f2:Identifier} NOT IN {f2_not:Array(String)}
  AND (empty({f2_prefix:Array(String)}) OR arrayAll(p -> startsWith({f2:Identifier}, p), {f2_prefix:Array(String)}))
  AND (empty({f3_in:Array(String)}) OR {f3:Identifier} IN {f3_in:Array(String)})
  AND {f3:Identifier} NOT IN {f3_not:Array(String)}
  AND (empty({f3_prefix:Array(String)}) OR arrayAll(p -> startsWith({f3:Identifier}, p), {f3_prefix:Array(String)}))
  AND (empty({f4_in:Array(String)}) OR {f4:Identifier} IN {f4_in:Array(String)})
  AND {f4:Identifier} NOT IN {f4_not:Array(String)}
  AND (empty({f4_prefix:Array(String)}) OR arrayAll(p -> startsWith({f4:Identifier}, p), {f4_prefix:Array(String)}))
  AND (empty({f5_in:Array(String)}) OR {f5:Identifier} IN {f5_in:Array(String)})
  AND {f5:Identifier} NOT IN {f5_not:Array(String)}
  AND (empty({f5_prefix:Array(String)}) OR arrayAll(p -> startsWith({f5:Identifier}, p), {f5_prefix:Array(String)}))
    GROUP BY device_id, minute_s, key
  ),
  told AS
  (
    SELECT
      device_id,
      intDiv(toUnixTimestamp64Milli(ts), 60000) * 60 AS minute_s,
      sum(toFloat64(assumeNotNull({metric:Identifier})) * step_ms) AS weighed,
      sum(toUInt64(step_ms)) AS known,
      min(toFloat64(assumeNotNull({metric:Identifier}))) AS lowest,
      max(toFloat64(assumeNotNull({metric:Identifier}))) AS highest,
      -- A reading below the one before it is a restart that counts from zero.
      deltaSumTimestampState(if({is_counter:UInt8}, toFloat64(assumeNotNull({metric:Identifier})), 0.), toUInt64(toUnixTimestamp64Milli(ts))) AS rises,
      toUInt64(toUnixTimestamp64Milli(min(ts))) AS first_ms,
      toUInt64(toUnixTimestamp64Milli(max(ts))) AS last_ms
    FROM samples
    WHERE ts >= toDateTime64({from_s:Int64}, 3, 'UTC')
      AND ts < toDateTime64({to_s:Int64}, 3, 'UTC')
      AND ({everywhere:UInt8} OR device_id IN (SELECT device_id FROM minutes))
      AND isNotNull({metric:Identifier})
    GROUP BY device_id, minute_s
  ),
  devices AS
  (
    SELECT
      m.key AS key,
      toUInt32(intDiv(m.minute_s - {t0_s:Int64}, {step_s:Int64})) AS slot,
      m.device_id AS device_id,
      sum(m.capacity) AS capacity,
      sum(t.known) AS known,
      minIf(t.lowest, t.known > 0) AS lowest,
      maxIf(t.highest, t.known > 0) AS highest,
      maxIf(t.last_ms, t.known > 0) - minIf(t.first_ms, t.known > 0) AS span_ms,
      if(
        {is_counter:UInt8},
        deltaSumTimestampMergeIf(t.rises, t.known > 0) * 1000 / span_ms,
        sum(t.weighed) / sum(t.known)
      ) AS mean,
      isFinite(mean) AS has_value
    FROM minutes AS m
    LEFT JOIN told AS t ON t.device_id = m.device_id AND t.minute_s = m.minute_s
    GROUP BY key, slot, device_id
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
