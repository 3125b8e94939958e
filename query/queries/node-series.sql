-- Metrics of a node, or of one of its links or ports, by step, each by its settle rule. As in device-series.sql: a
-- gauge's value holds for its cell and at most two empty cells after it; a counter's increase per second holds between
-- its two readings (at most three intervals apart), and a reading below the one before it is a restart that counts from zero.
WITH
  readings AS
  (
    SELECT
      metric,
      intDiv(toUnixTimestamp64Milli(ts), step_ms) * step_ms AS cell_ms,
      toInt64(step_ms) AS interval_ms,
      assumeNotNull(value) AS value
    FROM
    (
      -- One side is empty by its first condition.
      SELECT metric, ts, step_ms, log_position, value
      FROM samples_node
      WHERE {link:String} = ''
        AND node = {node:String}
        AND cluster = {cluster:String}
        AND metric IN {metrics:Array(String)}
        AND ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to_ms:Int64} + 180000, 'UTC')
      UNION ALL
      SELECT metric, ts, step_ms, log_position, value
      FROM samples_link
      WHERE {link:String} != ''
        AND node = {node:String}
        AND cluster = {cluster:String}
        AND device_id = {device_id:UInt64}
        AND link = {link:String}
        AND metric IN {metrics:Array(String)}
        AND ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to_ms:Int64} + 180000, 'UTC')
    )
    WHERE isNotNull(value)
    ORDER BY metric, cell_ms, log_position
    LIMIT 1 BY metric, cell_ms
  ),
  neighbours AS
  (
    SELECT
      *,
      leadInFrame(cell_ms, 1, cell_ms + 3 * interval_ms) OVER (
        PARTITION BY metric ORDER BY cell_ms ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
      ) AS next_ms,
      lagInFrame(cell_ms, 1, toInt64(0)) OVER by_metric AS before_ms,
      lagInFrame(value, 1, 0.) OVER by_metric AS before_value
    FROM readings
    WINDOW by_metric AS (PARTITION BY metric ORDER BY cell_ms ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  ),
  spans AS
  (
    SELECT metric, cell_ms AS start_ms, least(next_ms, cell_ms + 3 * interval_ms) AS end_ms, value
    FROM neighbours
    WHERE metric NOT IN {counters:Array(String)}
    UNION ALL
    SELECT
      metric,
      before_ms AS start_ms,
      cell_ms AS end_ms,
      if(value >= before_value, value - before_value, value) * 1000 / (cell_ms - before_ms) AS value
    FROM neighbours
    WHERE metric IN {counters:Array(String)} AND before_ms > 0 AND cell_ms - before_ms <= 3 * interval_ms
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
  metric,
  toUInt32(slot) AS slot,
  toUInt32(sum(piece_ms)) AS known_ms,
  sum(value * piece_ms) / sum(piece_ms) AS mean,
  max(value) AS maximum,
  min(value) AS minimum,
  argMax(value, start_ms) AS last
FROM pieces
GROUP BY metric, slot
ORDER BY metric, slot
