-- One metric of nodes by group and step, from their own samples. Halls, racks and pools are those that nodes stand in now
-- (the newest open set of device_spans). A sample speaks for its own cell; percentiles are of nodes' means of a step.
WITH
  '' AS none,
  places AS
  (
    SELECT node AS placed, any(cluster) AS cluster, any(hall) AS hall, any(rack) AS rack, any(pool) AS pool
    FROM device_spans
    WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    GROUP BY placed
  ),
  readings AS
  (
    SELECT n.node AS node, n.cluster AS cluster, p.hall AS hall, p.rack AS rack, p.pool AS pool, n.ts AS ts, n.step_ms AS step_ms, assumeNotNull(n.value) AS reading
    FROM samples_node AS n
    LEFT JOIN places AS p ON p.placed = n.node
    WHERE n.ts >= toDateTime64({from_s:Int64}, 3, 'UTC')
      AND n.ts < toDateTime64({to_s:Int64}, 3, 'UTC')
      AND n.metric = {metric:String}
      AND isNotNull(n.value)
  ),
  devices AS
  (
    SELECT
      toString({k1:Identifier}) AS key,
      toUInt32(intDiv(toUnixTimestamp(ts) - {t0_s:Int64}, {step_s:Int64})) AS slot,
      concat(cluster, '/', node) AS device_id,
      toUInt64({step_s:Int64} * 1000) AS capacity,
      sum(toUInt64(step_ms)) AS known,
      min(reading) AS lowest,
      max(reading) AS highest,
      toUInt64(toUnixTimestamp64Milli(max(ts)) - toUnixTimestamp64Milli(min(ts))) AS span_ms,
      if(
        {is_counter:UInt8},
        -- A reading below the one before it is a restart that counts from zero.
        deltaSumTimestamp(reading, toUInt64(toUnixTimestamp64Milli(ts))) * 1000 / span_ms,
        sum(reading * step_ms) / known
      ) AS mean,
      isFinite(mean) AS has_value
    FROM readings
    WHERE 1
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
    GROUP BY key, slot, cluster, node
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
