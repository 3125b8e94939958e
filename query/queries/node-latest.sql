-- Latest value of every metric of a node, and the one before it for what rises per second.
SELECT
  metric,
  readings[-1].2 AS value,
  readings[-1].1 AS at_ms,
  step AS step_ms,
  if(length(readings) > 1, readings[-2].1, 0) AS before_ms,
  readings[-2].2 AS before_value
FROM
(
  SELECT
    metric,
    argMax(step_ms, ts) AS step,
    arraySort(groupArray((toUnixTimestamp64Milli(ts), assumeNotNull(value)))) AS readings
  FROM samples_node
  WHERE ts > fromUnixTimestamp64Milli({now_ms:Int64} - 600000, 'UTC')
    AND ts <= fromUnixTimestamp64Milli({now_ms:Int64} + 60000, 'UTC')
    AND node = {node:String}
    AND cluster = {cluster:String}
    AND isNotNull(value)
  GROUP BY metric
)
ORDER BY metric
