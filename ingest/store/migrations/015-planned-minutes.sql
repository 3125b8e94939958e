-- What a minute is, row by row as 014-state-minutes.sql said it, in a text that is planned in half the time: over few
-- devices planning is what a minute costs. The planner compares columns together with all that lies below them. So regular
-- devices are found in one place, what stands far up says `if` and USING where AND would do, and it looks for no
-- comparisons that follow from others: there are none.
--
-- The state of each millisecond is that of DEFINITIONS section 4. Known and busy time are those of
-- 008-faster-minutes.sql (a test compares) except where something else fixes them: failed and drained time is known and
-- not busy, verification is left out of both. Idle stretches are found with hindsight by ingest/settle/idle-moves.sql:
-- here quiet held time is productive, and `quiet` says that it may not stay so.
--
-- `set_id` names the rows of device_spans to go by; 0 = the newest open ones. One row per device, minute and span: a
-- shared second is split so that the parts sum to the whole.
CREATE OR REPLACE VIEW device_minutes {{on_cluster}} AS
WITH
  if({set_id:UInt64} = 0, (SELECT max(set_id) FROM span_sets WHERE is_open = 1), {set_id:UInt64}) AS set_in_force,
  spans AS
  (
    SELECT
      device_id,
      greatest(s.from_ms, {from_ms:Int64}) AS span_from,
      least(s.to_ms, {to_ms:Int64}) AS span_to,
      s.* EXCEPT (set_id, device_id, from_ms, to_ms)
    FROM device_spans AS s
    WHERE s.set_id = set_in_force
      AND s.from_ms < {to_ms:Int64}
      AND s.to_ms > {from_ms:Int64}
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
      s.temperature_margin_celsius AS margin,
      -- Clocks cut for heat (0x20, 0x40), a power brake (0x80) or hardware (0x8), of a device that works. A power cap
      -- (0x4) is normal. Millionths of the second that are lost, and of its busy part.
      ifNull(bitAnd(s.clock_event_reasons, 232), 0) AS cut_bits,
      cut_bits != 0 AND ifNull(busy, 0) >= 0.05 AND ifNull(clock_ratio, 1) < 1 AS is_cut,
      if(is_cut, round((1 - ifNull(clock_ratio, 1)) * 1000000), 0) AS lost_ppm,
      if(bitAnd(cut_bits, 96) != 0, lost_ppm, 0) AS lost_heat_ppm,
      if(bitAnd(cut_bits, 96) = 0 AND bitAnd(cut_bits, 128) != 0, lost_ppm, 0) AS lost_power_ppm,
      if(is_cut, floor(round(toFloat64(ifNull(busy, 0)) * 1000000) * lost_ppm / 1000000), 0) AS lost_busy_ppm
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
  regular_devices AS
  (
    SELECT device_id
    FROM steady
    WHERE minutes = intDiv({to_ms:Int64} - {from_ms:Int64}, 60000)
      AND device_id GLOBAL IN
      (
        SELECT device_id
        FROM spans
        GROUP BY device_id
        HAVING count() = 1 AND min(span_from) = {from_ms:Int64} AND max(span_to) = {to_ms:Int64}
      )
  ),
  -- One sample in each cell and one span: every sample speaks for its own cell.
  regular AS
  (
    SELECT
      device_id,
      intDiv(at_ms, 60000) * 60000 AS minute_ms,
      {from_ms:Int64} AS span_from,
      toUInt64(any(step_ms)) AS step,
      argMaxIf(source, ts, source > 0) AS busy_source,
      ifNull(max(busy), 1) < 0.05 AS is_quiet,
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
      min(margin) AS margin_min,
      toUInt64(sum(lost_ppm)) * intDiv(step, 1000) AS lost_ms_x1000,
      toUInt64(sum(lost_heat_ppm)) * intDiv(step, 1000) AS lost_heat_ms_x1000,
      toUInt64(sum(lost_power_ppm)) * intDiv(step, 1000) AS lost_power_ms_x1000,
      toUInt64(sum(lost_busy_ppm)) * intDiv(step, 1000) AS lost_busy_ms_x1000
    FROM readings
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND device_id GLOBAL IN (SELECT device_id FROM regular_devices)
    GROUP BY device_id, minute_ms
  ),
  cells AS
  (
    SELECT *, intDiv(at_ms, step_ms) * step_ms AS cell_ms
    FROM readings
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - reach_max_ms, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND device_id GLOBAL NOT IN (SELECT device_id FROM regular_devices)
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
  -- What a sample speaks for, cut at minutes and at the edges of spans, so that known <= capacity.
  pieces AS
  (
    SELECT
      r.*,
      s.span_from AS span_from,
      greatest(r.cell_ms, s.span_from) AS piece_from,
      least(r.end_ms, s.span_to) AS piece_to,
      arrayJoin(range(intDiv(piece_from, 60000), intDiv(piece_to - 1, 60000) + 1)) * 60000 AS minute_ms,
      toUInt64(least(piece_to, minute_ms + 60000) - greatest(piece_from, minute_ms)) AS ms
    FROM reaches AS r
    -- Holders of parts of a device share their span.
    INNER JOIN (SELECT DISTINCT device_id, span_from, span_to FROM spans) AS s ON s.device_id = r.device_id
    WHERE piece_to > piece_from
  ),
  spoken AS
  (
    SELECT
      device_id,
      minute_ms,
      span_from,
      argMaxIf(source, cell_ms, source > 0) AS busy_source,
      ifNull(max(busy), 1) < 0.05 AS is_quiet,
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
      min(margin) AS margin_min,
      sum(intDiv(toUInt64(lost_ppm) * ms, 1000)) AS lost_ms_x1000,
      sum(intDiv(toUInt64(lost_heat_ppm) * ms, 1000)) AS lost_heat_ms_x1000,
      sum(intDiv(toUInt64(lost_power_ppm) * ms, 1000)) AS lost_power_ms_x1000,
      sum(intDiv(toUInt64(lost_busy_ppm) * ms, 1000)) AS lost_busy_ms_x1000
    FROM pieces
    GROUP BY device_id, minute_ms, span_from
  ),
  -- Every minute of every span, with what was spoken in it. Known time splits at whole milliseconds…
  facts AS
  (
    SELECT
      c.* EXCEPT (span_from, span_to, part_from, part_to),
      s.* EXCEPT (device_id, minute_ms, span_from, is_quiet),
      s.is_quiet AND s.known_ms > 0 AS is_quiet_minute,
      c.part_to - c.part_from = 1000000 AS is_whole,
      intDiv(s.known_ms * c.part_from, 1000000) AS k0,
      intDiv(s.known_ms * c.part_to, 1000000) AS k1,
      intDiv((c.span_ms - s.known_ms) * c.part_to, 1000000) - intDiv((c.span_ms - s.known_ms) * c.part_from, 1000000) AS silent,
      intDiv(s.active_known_ms * c.part_from, 1000000) AS a0,
      intDiv(s.active_known_ms * c.part_to, 1000000) AS a1,
      intDiv(s.effective_known_ms * c.part_from, 1000000) AS e0,
      intDiv(s.effective_known_ms * c.part_to, 1000000) AS e1,
      intDiv(s.power_known_ms * c.part_from, 1000000) AS p0,
      intDiv(s.power_known_ms * c.part_to, 1000000) AS p1,
      intDiv(s.memory_known_ms * c.part_from, 1000000) AS m0,
      intDiv(s.memory_known_ms * c.part_to, 1000000) AS m1,
      intDiv(s.temperature_known_ms * c.part_from, 1000000) AS t0,
      intDiv(s.temperature_known_ms * c.part_to, 1000000) AS t1
    FROM
    (
      SELECT
        *,
        arrayJoin(range(intDiv(span_from, 60000), intDiv(span_to - 1, 60000) + 1)) * 60000 AS minute_ms,
        toUInt64(least(span_to, minute_ms + 60000) - greatest(span_from, minute_ms)) AS span_ms
      FROM spans
    ) AS c
    LEFT JOIN
    (
      SELECT * FROM spoken
      UNION ALL
      SELECT * EXCEPT (step) FROM regular
    ) AS s USING (device_id, minute_ms, span_from)
  ),
  -- …and every sum like its own known time, so that no part is busier than it is long.
  parts AS
  (
    SELECT
      device_id, minute_ms, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing,
      state, reference_ppm, busy_source, is_quiet_minute, silent, temperature_max, margin_min,
      is_held AS is_named,
      state = 0 AS is_open,
      allocation_source != 'none' AS is_told,
      -- A busy device that nobody names is held by somebody; what holders of parts leave is free.
      multiIf(is_held, 1, is_quiet_minute, 0, is_whole, k1 > k0, 0) AS has_holder,
      if(has_holder, 0, is_told) AS is_free,
      if(is_open, NOT is_free, 0) AS is_taken,
      if(is_taken, NOT is_quiet_minute, 0) AS may_work,
      if(is_open, is_free, 0) AS is_unallocated,
      k1 - k0 AS k,
      a1 - a0 AS active_k,
      e1 - e0 AS effective_k,
      p1 - p0 AS power_k,
      m1 - m0 AS memory_k,
      t1 - t0 AS temperature_k,
      intDivOrZero(busy_ms_x1000 * k1, known_ms) - intDivOrZero(busy_ms_x1000 * k0, known_ms) AS busy_part,
      intDivOrZero(lost_ms_x1000 * k1, known_ms) - intDivOrZero(lost_ms_x1000 * k0, known_ms) AS lost_part,
      intDivOrZero(lost_heat_ms_x1000 * k1, known_ms) - intDivOrZero(lost_heat_ms_x1000 * k0, known_ms) AS lost_heat_part,
      intDivOrZero(lost_power_ms_x1000 * k1, known_ms) - intDivOrZero(lost_power_ms_x1000 * k0, known_ms) AS lost_power_part,
      intDivOrZero(lost_busy_ms_x1000 * k1, known_ms) - intDivOrZero(lost_busy_ms_x1000 * k0, known_ms) AS lost_busy_part,
      intDivOrZero(active_ms_x1000 * a1, active_known_ms) - intDivOrZero(active_ms_x1000 * a0, active_known_ms) AS active_part,
      intDivOrZero(effective_ms_x1000 * e1, effective_known_ms) - intDivOrZero(effective_ms_x1000 * e0, effective_known_ms) AS effective_part,
      intDivOrZero(power_mw_ms * p1, power_known_ms) - intDivOrZero(power_mw_ms * p0, power_known_ms) AS power_part,
      intDivOrZero(memory_ms_x1000 * m1, memory_known_ms) - intDivOrZero(memory_ms_x1000 * m0, memory_known_ms) AS memory_part,
      intDivOrZero(temperature_mc_ms * toInt64(t1), toInt64(temperature_known_ms))
        - intDivOrZero(temperature_mc_ms * toInt64(t0), toInt64(temperature_known_ms)) AS temperature_part
    FROM facts
  ),
  judged AS
  (
    SELECT
      *,
      -- Below half of the reference: effective x 2 x 10^6 < reference x known, all in whole numbers.
      if(may_work, effective_part * 2000 < reference_ppm * effective_k, 0) AS is_inefficient,
      if(may_work, lost_part, 0) AS throttled,
      -- Parts of several sums are rounded each for itself: none may exceed what it is a part of.
      if(may_work, least(lost_heat_part, lost_part), 0) AS throttled_heat,
      if(may_work, least(lost_power_part, lost_part - least(lost_heat_part, lost_part)), 0) AS throttled_power,
      if(may_work, least(lost_busy_part, busy_part), 0) AS throttled_busy
    FROM parts
  )
SELECT
  toDateTime(intDiv(minute_ms, 1000), 'UTC') AS bucket,
  device_id,
  cluster,
  hall,
  rack,
  pool,
  node,
  vendor,
  model,
  multiIf(j.is_named, toString(j.tenant), NOT has_holder, '', is_open, 'unattributed', '') AS tenant,
  job,
  class,
  allocation_source,
  if(has_holder, toString(j.billing), '') AS billing,
  busy_source,
  toUInt8(if(is_taken, is_quiet_minute, 0)) AS quiet,
  k + silent AS capacity_ms,
  if(state = 3, k + silent, 0) AS verification_ms,
  multiIf(is_open, k, state = 3, 0, k + silent) AS known_ms,
  if(is_open, busy_part, 0) AS busy_ms_x1000,
  if(state = 3, 0, active_k) AS active_known_ms,
  if(state = 3, 0, active_part) AS active_ms_x1000,
  if(state = 3, 0, effective_k) AS effective_known_ms,
  if(state = 3, 0, effective_part) AS effective_ms_x1000,
  power_k AS power_known_ms,
  power_part AS power_mw_ms,
  memory_k AS memory_known_ms,
  memory_part AS memory_ms_x1000,
  temperature_k AS temperature_known_ms,
  temperature_part AS temperature_mc_ms,
  toInt64(if(state = 1, k + silent, 0)) AS failed_ms,
  toInt64(if(state = 2, k + silent, 0)) AS drained_ms,
  toInt64(if(is_open, silent, 0)) AS unknown_ms,
  toInt64(if(is_unallocated, k, 0)) AS unallocated_ms,
  toInt64(0) AS idle_held_ms,
  toInt64(throttled) AS throttled_ms_x1000,
  toInt64(throttled_heat) AS throttled_heat_ms_x1000,
  toInt64(throttled_power) AS throttled_power_ms_x1000,
  toInt64(if(is_inefficient, k * 1000 - throttled, 0)) AS inefficient_ms_x1000,
  toInt64(if(
    is_inefficient,
    k * 1000 - throttled - intDivOrZero((k * 1000 - throttled) * intDivOrZero(effective_part * 2000, effective_k), reference_ppm),
    0
  )) AS inefficient_lost_ms_x1000,
  toInt64(multiIf(NOT is_taken, 0, is_inefficient, 0, k * 1000 - throttled)) AS productive_ms_x1000,
  toInt64(if(is_unallocated, busy_part, 0)) AS busy_unallocated_ms_x1000,
  toInt64(0) AS busy_idle_held_ms_x1000,
  toInt64(throttled_busy) AS busy_throttled_ms_x1000,
  toInt64(if(is_inefficient, busy_part - throttled_busy, 0)) AS busy_inefficient_ms_x1000,
  toInt64(if(is_unallocated, power_part, 0)) AS power_unallocated_mw_ms,
  toInt64(0) AS power_idle_held_mw_ms,
  toInt64(multiIf(NOT is_told, 0, state = 3, 0, k + silent)) AS allocated_known_ms,
  toInt64(multiIf(NOT is_told, 0, state = 3, 0, has_holder, k + silent, 0)) AS allocated_ms,
  temperature_max,
  margin_min
FROM judged AS j
SETTINGS optimize_and_compare_chain = 0
