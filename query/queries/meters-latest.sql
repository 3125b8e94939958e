-- Newest values of all points that delivered within a while, a row per point.
SELECT
  toString(meter) AS meter_name,
  toUnixTimestamp64Milli(max(last_at)) AS last_ms,
  max(step) AS step_ms,
  groupArray(toString(metric)) AS metrics,
  groupArray(last_value) AS metric_values
FROM
(
  SELECT
    meter,
    metric,
    max(ts) AS last_at,
    argMax(step_ms, (ts, log_position)) AS step,
    argMax(assumeNotNull(value), (ts, log_position)) AS last_value
  FROM samples_meter
  WHERE ts > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ts <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND isNotNull(value)
  GROUP BY meter, metric
)
GROUP BY meter
