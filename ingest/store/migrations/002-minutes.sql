-- What a minute is, once: settling writes these rows, and a fresh minute is answered from them,
-- marked provisional. from_ms and to_ms are whole minutes, epoch ms, half-open.
--
-- A sample owns its epoch-aligned cell; up to two empty cells after it are bridged with its value
-- (DEFINITIONS section 1). Of two samples in one cell the first in the log wins. A null reading is an
-- answer ("cannot say"), so its own cell is not filled from the one before.
CREATE OR REPLACE VIEW device_minutes {{on_cluster}} AS
WITH
  cells AS
  (
    SELECT
      device_id,
      intDiv(toUnixTimestamp64Milli(ts), step_ms) * step_ms AS cell_ms,
      step_ms,
      if(isNull(s.busy_ratio), 0, s.busy_source) AS source,
      s.busy_ratio AS busy,
      coalesce(s.sm_active_ratio, s.aicore_ratio) AS active,
      s.sm_clock_hertz / s.sm_clock_max_hertz AS clock_ratio,
      -- least() passes over a null: a clock that nobody knows would count as a full one.
      coalesce(s.tensor_active_ratio, s.aicube_ratio) * if(isNull(clock_ratio), NULL, least(1, clock_ratio)) AS effective,
      s.power_watts AS power,
      s.memory_used_bytes / s.memory_total_bytes AS memory,
      s.temperature_celsius AS temperature,
      s.temperature_margin_celsius AS margin
    FROM samples AS s
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    -- After the place in the log only for samples of two logs, so that every reading chooses alike.
    ORDER BY device_id, cell_ms, log_position, ts, busy_source, busy_ratio
    LIMIT 1 BY device_id, cell_ms
  ),
  reaches AS
  (
    SELECT
      *,
      leadInFrame(cell_ms, 1, cell_ms + 3 * step_ms) OVER (
        PARTITION BY device_id ORDER BY cell_ms ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
      ) AS next_ms,
      least(next_ms, cell_ms + 3 * step_ms) AS end_ms
    FROM cells
  ),
  -- Accepted time within the window, half-open.
  spans AS
  (
    SELECT
      device_id,
      greatest(toUnixTimestamp64Milli(from_at), {from_ms:Int64}) AS span_from,
      least(toUnixTimestamp64Milli(to_at), {to_ms:Int64}) AS span_to
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND to_at > from_at
  ),
  -- What a sample speaks for, cut at minutes and at the edges of capacity, so that known <= capacity.
  pieces AS
  (
    SELECT
      r.*,
      greatest(r.cell_ms, s.span_from) AS piece_from,
      least(r.end_ms, s.span_to) AS piece_to,
      arrayJoin(range(intDiv(piece_from, 60000), intDiv(piece_to - 1, 60000) + 1)) * 60000 AS minute_ms,
      toUInt64(least(piece_to, minute_ms + 60000) - greatest(piece_from, minute_ms)) AS ms
    FROM reaches AS r
    INNER JOIN spans AS s ON s.device_id = r.device_id
    WHERE piece_to > piece_from
  ),
  spoken AS
  (
    SELECT
      device_id,
      minute_ms,
      argMaxIf(source, cell_ms, source > 0) AS busy_source,
      sumIf(ms, isNotNull(busy)) AS known_ms,
      sum(intDiv(toUInt64(round(toFloat64(ifNull(busy, 0)) * 1000000)) * ms, 1000)) AS busy_ms_x1000,
      sumIf(ms, isNotNull(active)) AS active_known_ms,
      sum(intDiv(toUInt64(round(toFloat64(ifNull(active, 0)) * 1000000)) * ms, 1000)) AS active_ms_x1000,
      sumIf(ms, isNotNull(effective)) AS effective_known_ms,
      sum(intDiv(toUInt64(round(toFloat64(ifNull(effective, 0)) * 1000000)) * ms, 1000)) AS effective_ms_x1000,
      sumIf(ms, isNotNull(power)) AS power_known_ms,
      sum(toUInt64(round(toFloat64(ifNull(power, 0)) * 1000)) * ms) AS power_mw_ms,
      sumIf(ms, isNotNull(memory)) AS memory_known_ms,
      sum(intDiv(toUInt64(round(ifNull(memory, 0) * 1000000)) * ms, 1000)) AS memory_ms_x1000,
      sumIf(ms, isNotNull(temperature)) AS temperature_known_ms,
      sum(toInt64(round(toFloat64(ifNull(temperature, 0)) * 1000)) * toInt64(ms)) AS temperature_mc_ms,
      max(temperature) AS temperature_max,
      min(margin) AS margin_min
    FROM pieces
    GROUP BY device_id, minute_ms
  ),
  capacity AS
  (
    SELECT
      device_id,
      arrayJoin(range(intDiv(span_from, 60000), intDiv(span_to - 1, 60000) + 1)) * 60000 AS minute_ms,
      sum(toUInt64(least(span_to, minute_ms + 60000) - greatest(span_from, minute_ms))) AS capacity_ms
    FROM spans
    GROUP BY device_id, minute_ms
  ),
  facts AS
  (
    SELECT
      c.device_id AS device_id,
      c.minute_ms AS minute_ms,
      fromUnixTimestamp64Milli(c.minute_ms + 59999, 'UTC') AS seen_until,
      c.capacity_ms AS capacity_ms,
      s.* EXCEPT (device_id, minute_ms)
    FROM capacity AS c
    LEFT JOIN spoken AS s ON s.device_id = c.device_id AND s.minute_ms = c.minute_ms
  )
SELECT
  toDateTime(intDiv(f.minute_ms, 1000), 'UTC') AS bucket,
  f.device_id AS device_id,
  d.cluster AS cluster,
  d.hall AS hall,
  d.rack AS rack,
  d.pool AS pool,
  d.node AS node,
  d.vendor AS vendor,
  d.model AS model,
  d.tenant AS tenant,
  d.job AS job,
  d.class AS class,
  f.busy_source AS busy_source,
  f.capacity_ms AS capacity_ms,
  toUInt64(0) AS verification_ms,
  f.known_ms AS known_ms,
  f.busy_ms_x1000 AS busy_ms_x1000,
  f.active_known_ms AS active_known_ms,
  f.active_ms_x1000 AS active_ms_x1000,
  f.effective_known_ms AS effective_known_ms,
  f.effective_ms_x1000 AS effective_ms_x1000,
  f.power_known_ms AS power_known_ms,
  f.power_mw_ms AS power_mw_ms,
  f.memory_known_ms AS memory_known_ms,
  f.memory_ms_x1000 AS memory_ms_x1000,
  f.temperature_known_ms AS temperature_known_ms,
  f.temperature_mc_ms AS temperature_mc_ms,
  f.temperature_max AS temperature_max,
  f.margin_min AS margin_min
FROM facts AS f
ASOF LEFT JOIN devices AS d FINAL ON d.device_id = f.device_id AND d.at <= f.seen_until
