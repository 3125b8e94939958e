-- Links and ports of a node, or of some of its devices, over the last 24 hours: the latest two values of every
-- metric and what it rose by. A value below the one before it is a restart that counts from zero.
SELECT
  toString(device_id) AS id,
  link,
  metric,
  step AS step_ms,
  readings[-1].1 AS at_ms,
  readings[-1].2 AS value,
  if(length(readings) > 1, readings[-2].1, 0) AS before_ms,
  readings[-2].2 AS before_value,
  arraySum(arrayMap(
    (later, before) -> if(later.2 >= before.2, later.2 - before.2, later.2),
    arraySlice(readings, 2),
    arraySlice(readings, 1, length(readings) - 1)
  )) AS increase
FROM
(
  SELECT
    device_id,
    link,
    metric,
    argMax(step_ms, ts) AS step,
    arraySort(groupArray((toUnixTimestamp64Milli(ts), assumeNotNull(value)))) AS readings
  FROM samples_link
  WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 86400000, 'UTC')
    AND ts <= fromUnixTimestamp64Milli({now_ms:Int64} + 60000, 'UTC')
    AND node = {node:String}
    AND cluster = {cluster:String}
    AND (empty({ids:Array(String)}) OR device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)}))))
    AND isNotNull(value)
  GROUP BY device_id, link, metric
)
ORDER BY device_id, link, metric
LIMIT {limit:UInt32}
