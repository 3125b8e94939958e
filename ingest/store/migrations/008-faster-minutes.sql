-- What a minute is, once more: the same definition as in 002-minutes.sql (a test compares the two over random
-- samples), at a quarter of the work. A device of which every cell of the window holds exactly one sample, and
-- which had capacity all the time, needs neither order nor neighbours: its samples are summed as they lie.
-- All others go the long way. The sums are of whole numbers far below 2^53, so doubles add them exactly.
CREATE OR REPLACE VIEW device_minutes {{on_cluster}} AS
WITH
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
  -- What may speak into the window: a sample reaches three of its steps at most.
  (
    SELECT least(180000, 3 * toInt64(max(step_ms)))
    FROM samples
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  ) AS reach_max_ms,
  readings AS
  (
    SELECT
      device_id,
      ts,
      toUnixTimestamp64Milli(ts) AS at_ms,
      step_ms,
      log_position,
      s.busy_source AS told_source,
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
  ),
  -- Devices of which every minute has exactly one sample in each of its cells.
  steady AS
  (
    SELECT device_id, count() AS minutes
    FROM
    (
      SELECT
        device_id,
        intDiv(toUnixTimestamp64Milli(ts), 60000) AS minute,
        count() AS samples_in,
        min(step_ms) AS step,
        groupBitOr(bitShiftLeft(toUInt64(1), toUInt8(intDiv(toUnixTimestamp64Milli(ts) % 60000, step_ms)))) AS cells_in
      FROM samples
      WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      GROUP BY device_id, minute
      HAVING step = max(step_ms) AND step % 1000 = 0 AND samples_in * step = 60000
        AND cells_in = bitShiftLeft(toUInt64(1), samples_in) - 1
    )
    GROUP BY device_id
  ),
  accepted AS
  (
    SELECT device_id, count() = 1 AND min(span_from) = {from_ms:Int64} AND max(span_to) = {to_ms:Int64} AS is_whole
    FROM spans
    GROUP BY device_id
  ),
  kinds AS
  (
    SELECT a.device_id AS device_id, a.is_whole AND s.minutes = intDiv({to_ms:Int64} - {from_ms:Int64}, 60000) AS is_regular
    FROM accepted AS a
    LEFT JOIN steady AS s ON s.device_id = a.device_id
  ),
  -- One sample in each cell and capacity all the time: every sample speaks for its own cell.
  regular AS
  (
    SELECT
      device_id,
      intDiv(at_ms, 60000) * 60000 AS minute_ms,
      toUInt64(any(step_ms)) AS step,
      argMaxIf(source, ts, source > 0) AS busy_source,
      count(busy) * step AS known_ms,
      toUInt64(ifNull(sum(round(toFloat64(busy) * 1000000)), 0)) * intDiv(step, 1000) AS busy_ms_x1000,
      count(active) * step AS active_known_ms,
      toUInt64(ifNull(sum(round(toFloat64(active) * 1000000)), 0)) * intDiv(step, 1000) AS active_ms_x1000,
      count(effective) * step AS effective_known_ms,
      toUInt64(ifNull(sum(round(toFloat64(effective) * 1000000)), 0)) * intDiv(step, 1000) AS effective_ms_x1000,
      count(power) * step AS power_known_ms,
      toUInt64(ifNull(sum(round(toFloat64(power) * 1000)), 0)) * step AS power_mw_ms,
      count(memory) * step AS memory_known_ms,
      toUInt64(ifNull(sum(round(memory * 1000000)), 0)) * intDiv(step, 1000) AS memory_ms_x1000,
      count(temperature) * step AS temperature_known_ms,
      toInt64(ifNull(sum(round(toFloat64(temperature) * 1000)), 0)) * toInt64(step) AS temperature_mc_ms,
      max(temperature) AS temperature_max,
      min(margin) AS margin_min
    FROM readings
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    GROUP BY device_id, minute_ms
  ),
  cells AS
  (
    SELECT *, intDiv(at_ms, step_ms) * step_ms AS cell_ms
    FROM readings
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - reach_max_ms, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND device_id GLOBAL IN (SELECT device_id FROM kinds WHERE NOT is_regular)
    -- After the place in the log only for samples of two logs, so that every reading chooses alike.
    ORDER BY device_id, cell_ms, log_position, ts, told_source, busy
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
    LEFT JOIN
    (
      SELECT * FROM spoken
      UNION ALL
      SELECT r.* EXCEPT (step)
      FROM regular AS r
      INNER JOIN kinds AS k ON k.device_id = r.device_id
      WHERE k.is_regular
    ) AS s ON s.device_id = c.device_id AND s.minute_ms = c.minute_ms
  ),
  -- What devices were in the window: of older descriptions only the last one of each device.
  descriptions AS
  (
    SELECT device_id, at, cluster, hall, rack, pool, node, vendor, model, tenant, job, class
    FROM devices FINAL
    WHERE at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND
      (
        at >= fromUnixTimestamp64Milli({from_ms:Int64} + 60000, 'UTC')
        OR (device_id, at) GLOBAL IN
        (
          SELECT device_id, max(at)
          FROM devices
          WHERE at < fromUnixTimestamp64Milli({from_ms:Int64} + 60000, 'UTC')
          GROUP BY device_id
        )
      )
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
ASOF LEFT JOIN descriptions AS d ON d.device_id = f.device_id AND d.at <= f.seen_until
;
-- The hours and days of devices by node and what its devices were: an eighth of the rows for every question that is not
-- about a job or one device. Published in `revisions` under names of their own ('1h_node', '1d_node'): buckets that were
-- settled before these tables existed are answered from the devices.
CREATE TABLE IF NOT EXISTS ledger_1h_node {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  revision    UInt32,
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  node        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  tenant      LowCardinality(String),
  class       LowCardinality(String),
  busy_source UInt8,
  devices     UInt32,
  -- Integer milliseconds; shares as ratio x ms x 1,000; power as milliwatts x ms. Each sum has its own known time.
  capacity_ms          UInt64,
  verification_ms      UInt64,
  known_ms             UInt64,
  busy_ms_x1000        UInt64,
  active_known_ms      UInt64,
  active_ms_x1000      UInt64,
  effective_known_ms   UInt64,
  effective_ms_x1000   UInt64,
  power_known_ms       UInt64,
  power_mw_ms          UInt64,
  memory_known_ms      UInt64,
  memory_ms_x1000      UInt64,
  temperature_known_ms UInt64,
  temperature_mc_ms    Int64,
  temperature_max      Nullable(Float32),
  margin_min           Nullable(Float32)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (bucket, cluster, hall, rack, node)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
CREATE TABLE IF NOT EXISTS ledger_1d_node {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  revision    UInt32,
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  node        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  tenant      LowCardinality(String),
  class       LowCardinality(String),
  busy_source UInt8,
  devices     UInt32,
  -- Integer milliseconds; shares as ratio x ms x 1,000; power as milliwatts x ms. Each sum has its own known time.
  capacity_ms          UInt64,
  verification_ms      UInt64,
  known_ms             UInt64,
  busy_ms_x1000        UInt64,
  active_known_ms      UInt64,
  active_ms_x1000      UInt64,
  effective_known_ms   UInt64,
  effective_ms_x1000   UInt64,
  power_known_ms       UInt64,
  power_mw_ms          UInt64,
  memory_known_ms      UInt64,
  memory_ms_x1000      UInt64,
  temperature_known_ms UInt64,
  temperature_mc_ms    Int64,
  temperature_max      Nullable(Float32),
  margin_min           Nullable(Float32)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (bucket, cluster, hall, rack, node)
SETTINGS {{dedup}}
