-- Up to eight metrics of one device, by step, each by its settle rule.
-- A gauge's value holds for its cell and at most two empty cells after it; a counter's increase per
-- second holds between its two readings (at most three intervals apart), and a reading below the one
-- before it is a restart that counts from zero. All of it is split at the edges of the steps, so
-- every mean is weighted by time and known_ms says how much of a step was known.
WITH
  cells AS
  (
    SELECT
      intDiv(toUnixTimestamp64Milli(ts), step_ms) * step_ms AS cell_ms,
      toInt64(step_ms) AS interval_ms,
      arraySlice([
        toFloat64({m1:Identifier}), toFloat64({m2:Identifier}), toFloat64({m3:Identifier}), toFloat64({m4:Identifier}),
        toFloat64({m5:Identifier}), toFloat64({m6:Identifier}), toFloat64({m7:Identifier}), toFloat64({m8:Identifier})
      ], 1, {metric_count:UInt8}) AS readings
    FROM samples
    WHERE device_id = {device_id:UInt64}
      AND ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64} + 180000, 'UTC')
    ORDER BY cell_ms, log_position
    LIMIT 1 BY cell_ms
  ),
  reaches AS
  (
    SELECT
      *,
      least(
        leadInFrame(cell_ms, 1, cell_ms + 3 * interval_ms) OVER (
          ORDER BY cell_ms ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
        ),
        cell_ms + 3 * interval_ms
      ) AS reach_ms
    FROM cells
  ),
  readings_by_metric AS
  (
    SELECT cell_ms, interval_ms, reach_ms, metric, assumeNotNull(reading) AS value
    FROM reaches
    ARRAY JOIN readings AS reading, arrayEnumerate(readings) AS metric
    WHERE isNotNull(reading)
  ),
  increases AS
  (
    SELECT
      metric,
      cell_ms,
      interval_ms,
      value,
      lagInFrame(cell_ms, 1, toInt64(0)) OVER by_metric AS before_ms,
      lagInFrame(value, 1, 0.) OVER by_metric AS before_value
    FROM readings_by_metric
    WHERE has({counters:Array(UInt8)}, metric)
    WINDOW by_metric AS (PARTITION BY metric ORDER BY cell_ms ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  ),
  spans AS
  (
    SELECT metric, cell_ms AS start_ms, reach_ms AS end_ms, value
    FROM readings_by_metric
    WHERE NOT has({counters:Array(UInt8)}, metric)
    UNION ALL
    SELECT
      metric,
      before_ms AS start_ms,
      cell_ms AS end_ms,
      if(value >= before_value, value - before_value, value) * 1000 / (cell_ms - before_ms) AS value
    FROM increases
    WHERE before_ms > 0 AND cell_ms - before_ms <= 3 * interval_ms
  ),
  pieces AS
  (
    SELECT
      metric,
      value,
      start_ms,
      arrayJoin(range(
        toUInt64(intDiv(greatest(start_ms, {from_ms:Int64}) - {t0_ms:Int64}, {step_ms:Int64})),
        toUInt64(intDiv(least(end_ms, {to_ms:Int64}) - 1 - {t0_ms:Int64}, {step_ms:Int64})) + 1
      )) AS slot,
      {t0_ms:Int64} + toInt64(slot) * {step_ms:Int64} AS slot_ms,
      least(end_ms, slot_ms + {step_ms:Int64}, {to_ms:Int64})
        - greatest(start_ms, slot_ms, {from_ms:Int64}) AS piece_ms
    FROM spans
    WHERE end_ms > {from_ms:Int64} AND start_ms < {to_ms:Int64}
  )
SELECT
  toUInt8(metric) AS metric,
  toUInt32(slot) AS slot,
  toUInt32(sum(piece_ms)) AS known_ms,
  sum(value * piece_ms) / sum(piece_ms) AS mean,
  max(value) AS maximum,
  min(value) AS minimum,
  argMax(value, start_ms) AS last
FROM pieces
GROUP BY metric, slot
ORDER BY metric, slot
