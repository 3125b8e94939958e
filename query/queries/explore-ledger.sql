-- One figure of devices by group and step, from published minutes or hours: what each device was on average in a bucket.
-- Percentiles are of devices' means of a step, the extremes of buckets.
WITH
  '' AS none,
  CAST(NULL, 'Nullable(Float32)') AS nothing,
  devices AS
  (
    SELECT
      if({by_device:UInt8}, toString(device_id), toString({k1:Identifier})) AS key,
      toUInt32(intDiv(toUnixTimestamp(bucket) - {t0_s:Int64}, {step_s:Int64})) AS slot,
      device_id,
      sum(l.capacity_ms) AS capacity,
      sum({known_column:Identifier}) AS known,
      sum(toFloat64({sum_column:Identifier})) / known / {scale:Float64} AS mean,
      minIf(toFloat64({sum_column:Identifier}) / {known_column:Identifier} / {scale:Float64}, {known_column:Identifier} > 0) AS lowest,
      ifNull(
        toFloat64(max({peak_column:Identifier})),
        maxIf(toFloat64({sum_column:Identifier}) / {known_column:Identifier} / {scale:Float64}, {known_column:Identifier} > 0)
      ) AS highest,
      known > 0 AS has_value
    FROM {table:Identifier} AS l
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = {resolution:String}
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
        {stat:String} = 'min', minIf(lowest, has_value),
        {stat:String} = 'max', maxIf(highest, has_value),
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
