-- Energy of one bucket as a revision: a pure function of raw samples, of device_spans (who has capacity, where it
-- stands) and of what models say of their power. ingest/energy/energy-oracle.testing.ts says the same in TypeScript.
--
-- models, caps_mw, sharing: names of models as they are stored, the highest power of what carries a reading, and how many
-- devices share one. bridge_ms: how long a gap a counter may speak for. Planned without a look for comparisons that follow from
-- others: a fifth of what a bucket of few devices costs.
INSERT INTO energy_15m
(
  bucket, revision,
  cluster, hall, rack, pool, node, vendor, model,
  devices, capacity_ms, energy_mj, counter_mj, counter_ms, power_mj, power_ms, both_ms, both_counter_mj, both_power_mj,
  bridged_mj, bridged_ms, bridged_from_ms, bridged_to_ms, resets, rejected, gaps_ms, as_of
)
WITH
  -- When each device stands where. Holders and states cut spans too: neighbours of one place are one.
  standing AS
  (
    SELECT
      device_id, cluster, hall, rack, pool, node, vendor, model,
      groupUniqArray(greatest(from_ms, {from_ms:Int64})) AS froms,
      groupUniqArray(least(to_ms, {to_ms:Int64})) AS tos,
      arrayJoin(arrayZip(
        arraySort(arrayFilter(at -> NOT has(tos, at), froms)),
        arraySort(arrayFilter(at -> NOT has(froms, at), tos))
      )) AS span
    FROM device_spans
    WHERE set_id = {set_id:UInt64} AND from_ms < {to_ms:Int64} AND to_ms > {from_ms:Int64}
    GROUP BY device_id, cluster, hall, rack, pool, node, vendor, model
  ),
  -- Devices that share one power reading: partitions with their board, dies of a package, entries of a board.
  told AS
  (
    SELECT
      device_id,
      argMax((parent_id, cluster, node, model, bus, labels['serial'], device_index), at) AS facts,
      facts.1 AS parent,
      transform(facts.4, {models:Array(String)}, {sharing:Array(UInt8)}, toUInt8(1)) AS sharing
    FROM devices
    WHERE at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND (parent_id != 0 OR model IN (SELECT arrayJoin(arrayFilter((name, share) -> share > 1, {models:Array(String)}, {sharing:Array(UInt8)}))))
      AND device_id GLOBAL IN
      (
        SELECT device_id
        FROM device_spans
        WHERE set_id = {set_id:UInt64} AND from_ms < {to_ms:Int64} AND to_ms > {from_ms:Int64}
      )
    GROUP BY device_id
  ),
  boards AS
  (
    SELECT
      device_id,
      parent,
      facts.7 AS place,
      facts.2 AS of_cluster,
      facts.3 AS of_node,
      facts.4 AS of_model,
      facts.5 AS of_bus,
      facts.6 AS of_serial,
      count() OVER (PARTITION BY facts.2, facts.3, facts.4, facts.5) AS on_bus,
      count() OVER (PARTITION BY facts.2, facts.3, facts.4, facts.6) AS on_serial,
      sharing
    FROM told
  ),
  units AS
  (
    SELECT
      device_id,
      place,
      parent = 0 AS is_whole,
      multiIf(
        parent != 0, parent,
        sharing < 2, device_id,
        of_bus != '' AND on_bus > 1, cityHash64(of_cluster, of_node, of_model, 'bus', of_bus),
        of_serial != '' AND on_serial > 1, cityHash64(of_cluster, of_node, of_model, 'serial', of_serial),
        place >= 0, cityHash64(of_cluster, of_node, of_model, 'index', toString(intDiv(place, sharing))),
        device_id
      ) AS unit
    FROM boards
  ),
  raw AS
  (
    SELECT
      device_id,
      ts,
      toUnixTimestamp64Milli(ts) AS at_ms,
      intDiv(at_ms, step_ms) * step_ms AS cell_ms,
      toInt64(step_ms) AS step,
      log_position,
      -- -1 = nothing was read.
      ifNull(coalesce(energy_millijoules_total, toInt64(round(energy_joules_total_f64 * 1000))), toInt64(-1)) AS energy,
      ifNull(coalesce(toInt64(power_milliwatts), toInt64(round(toFloat64(power_watts_f32) * 1000))), toInt64(-1)) AS power
    FROM samples
  ),
  -- Of the samples in one cell the first that has a counter, else the first.
  near AS
  (
    SELECT device_id, at_ms, cell_ms, step, energy, power
    FROM raw
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64} + 180000, 'UTC')
      AND (energy >= 0 OR power >= 0)
    ORDER BY device_id, cell_ms, energy < 0, log_position, at_ms
    LIMIT 1 BY device_id, cell_ms
  ),
  -- Counters on the far side of a gap over an edge of the bucket: the last before, the first after. Looked for only where
  -- none is nearby; one that is not needed changes nothing.
  far AS
  (
    SELECT
      device_id,
      argMin(
        (at_ms, energy, toInt64(-1), cell_ms, step),
        (if(at_ms < {from_ms:Int64}, -cell_ms, cell_ms), log_position, at_ms)
      ) AS reading
    FROM raw
    WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - {bridge_ms:Int64}, 'UTC')
      AND ts < fromUnixTimestamp64Milli({to_ms:Int64} + {bridge_ms:Int64}, 'UTC')
      AND
      (
        ts < fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
        OR ts >= fromUnixTimestamp64Milli({to_ms:Int64} + 180000, 'UTC')
      )
      AND energy >= 0
      AND device_id GLOBAL IN
      (
        SELECT device_id
        FROM device_spans
        WHERE set_id = {set_id:UInt64} AND from_ms < {to_ms:Int64} AND to_ms > {from_ms:Int64}
          AND device_id GLOBAL NOT IN
          (
            SELECT device_id
            FROM raw
            WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64} - 180000, 'UTC')
              AND ts < fromUnixTimestamp64Milli({to_ms:Int64} + 180000, 'UTC')
              AND
              (
                ts <= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
                OR ts >= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
              )
              AND energy >= 0
            GROUP BY device_id
            HAVING min(at_ms) <= {from_ms:Int64} AND max(at_ms) >= {to_ms:Int64}
          )
      )
    GROUP BY device_id, at_ms < {from_ms:Int64}
  ),
  -- All readings of a device in order: when, counter, power, its cell and interval.
  by_device AS
  (
    SELECT device_id, arraySort(reading -> (reading.1, reading.4), groupArray(reading)) AS readings
    FROM
    (
      SELECT device_id, (at_ms, energy, power, cell_ms, step) AS reading FROM near
      UNION ALL
      SELECT device_id, reading FROM far
    )
    GROUP BY device_id
    HAVING length(readings) > 1
  ),
  -- Time between two readings, with the counters and the power readings round it.
  steps AS
  (
    SELECT
      s.device_id AS device_id,
      s.span.1 AS span_from,
      s.span.2 AS span_to,
      s.cap_mw AS cap_mw,
      step_from.1 AS step_from,
      step_to.1 AS step_to,
      c0, c1, p0, p1
    FROM
    (
      SELECT device_id, span, transform(toString(model), {models:Array(String)}, {caps_mw:Array(Int64)}, {cap_mw:Int64}) AS cap_mw
      FROM standing
    ) AS s
    INNER JOIN by_device AS d ON d.device_id = s.device_id
    ARRAY JOIN
      arrayPopBack(d.readings) AS step_from,
      arrayPopFront(d.readings) AS step_to,
      arrayPopBack(arrayFill(reading -> reading.2 >= 0, d.readings)) AS c0,
      arrayReverseFill(reading -> reading.2 >= 0, arrayPopFront(d.readings)) AS c1,
      arrayPopBack(arrayFill(reading -> reading.3 >= 0, d.readings)) AS p0,
      arrayReverseFill(reading -> reading.3 >= 0, arrayPopFront(d.readings)) AS p1
  ),
  -- In stages: an alias that is used often is worked out as often by whoever reads this statement.
  pairs AS
  (
    SELECT
      device_id, span_from, span_to, cap_mw, step_to,
      greatest(step_from, span_from) AS lo,
      least(step_to, span_to) AS hi,
      c0.1 AS counter_from,
      c1.1 AS counter_to,
      greatest(c1.1 - c0.1, 1) AS counter_span,
      c0.2 >= 0 AND c1.2 >= 0 AND c1.1 > c0.1 AND c1.1 - c0.1 <= {bridge_ms:Int64} AS has_counter,
      c1.2 < c0.2 AS is_reset,
      if(c1.2 < c0.2, c1.2, c1.2 - c0.2) AS difference,
      c1.4 - c0.4 > 3 * c0.5 AS is_bridged,
      p0.1 AS power_from,
      p0.3 AS power_before,
      p1.3 - p0.3 AS power_change,
      greatest(p1.1 - p0.1, 1) AS power_span,
      p0.3 >= 0 AND p1.3 >= 0 AND p1.1 > p0.1 AND p1.4 - p0.4 <= 3 * p0.5 AS has_both_ends
    FROM steps
  ),
  judged AS
  (
    SELECT
      *,
      toUInt64(greatest(hi - lo, 0)) AS ms,
      difference > intDiv(13 * cap_mw * counter_span, 10000) AS is_rejected,
      has_both_ends AND hi > lo AS has_power,
      -- A difference is told of once, where it ends.
      has_counter AND counter_to = step_to AND counter_to > span_from AND counter_to <= span_to AS ends_here
    FROM pairs
    WHERE hi > lo OR ends_here
  ),
  chosen AS
  (
    SELECT *, has_counter AND NOT is_rejected AND ms > 0 AS is_counted
    FROM judged
  ),
  parts AS
  (
    SELECT
      device_id, span_from, ms, counter_from, counter_to, is_counted, has_power, ends_here, is_reset, is_rejected,
      is_counted AND is_bridged AS is_bridge,
      is_counted AND has_power AND NOT is_bridged AND NOT is_reset AS is_both,
      has_power AND NOT is_counted AS is_power,
      -- What lies between two moments is a difference of whole numbers, so that parts add up to the whole.
      if(is_counted,
        intDiv(difference * (hi - counter_from), counter_span) - intDiv(difference * (lo - counter_from), counter_span), 0) AS counter_part,
      -- Halves of a microjoule.
      if(has_power,
        intDiv(2 * power_before * (hi - power_from) * power_span + power_change * (hi - power_from) * (hi - power_from), power_span)
          - intDiv(2 * power_before * (lo - power_from) * power_span + power_change * (lo - power_from) * (lo - power_from), power_span),
        0) AS power_part
    FROM chosen
  ),
  sums AS
  (
    SELECT
      device_id,
      span_from,
      toUInt64(sum(counter_part)) AS counter_mj,
      sumIf(ms, is_counted) AS counter_ms,
      toUInt64(sumIf(power_part, is_power)) AS power_half,
      sumIf(ms, is_power) AS power_ms,
      sumIf(ms, is_both) AS both_ms,
      toUInt64(sumIf(counter_part, is_both)) AS both_counter_mj,
      toUInt64(sumIf(power_part, is_both)) AS both_power_half,
      toUInt64(sumIf(counter_part, is_bridge)) AS bridged_mj,
      sumIf(ms, is_bridge) AS bridged_ms,
      minIf(counter_from, is_bridge) AS bridged_from,
      maxIf(counter_to, is_bridge) AS bridged_to,
      countIf(ends_here AND is_reset) AS resets,
      countIf(ends_here AND is_rejected) AS rejected
    FROM parts
    GROUP BY device_id, span_from
  ),
  placed AS
  (
    SELECT
      s.device_id AS device_id,
      cluster, hall, rack, pool, node, vendor, model,
      toUInt64(s.span.2 - s.span.1) AS capacity_ms,
      m.counter_mj AS counter_mj, m.counter_ms AS counter_ms, m.power_half AS power_half, m.power_ms AS power_ms, m.both_ms AS both_ms, m.both_counter_mj AS both_counter_mj, m.both_power_half AS both_power_half, m.bridged_mj AS bridged_mj, m.bridged_ms AS bridged_ms, m.bridged_from AS bridged_from, m.bridged_to AS bridged_to, m.resets AS resets, m.rejected AS rejected,
      if(u.unit = 0, s.device_id, u.unit) AS unit,
      u.unit = 0 OR u.is_whole AS is_whole,
      u.place AS place
    FROM standing AS s
    LEFT JOIN sums AS m ON m.device_id = s.device_id AND m.span_from = s.span.1
    LEFT JOIN units AS u ON u.device_id = s.device_id
  ),
  totals AS
  (
    SELECT
      *,
      sum(capacity_ms) OVER of_device AS own_capacity,
      sum(counter_ms) OVER of_device AS own_counter,
      sum(power_ms) OVER of_device AS own_power
    FROM placed
    WINDOW of_device AS (PARTITION BY device_id)
  ),
  -- Of devices that share a reading the one that speaks longest counts; whole boards before partitions, then the first.
  speakers AS
  (
    SELECT
      *,
      first_value(device_id) OVER of_unit AS speaker,
      device_id = speaker AS is_speaker,
      -- It speaks for the time of the others too, as far as they have capacity.
      least(first_value(own_counter) OVER of_unit, own_capacity) AS heard_counter,
      least(first_value(own_power) OVER of_unit, toUInt64(own_capacity - heard_counter)) AS heard_power
    FROM totals
    WINDOW of_unit AS
    (
      PARTITION BY unit ORDER BY own_counter + own_power DESC, is_whole DESC, place, device_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
  ),
  counted AS
  (
    SELECT
      *,
      if(is_speaker, counter_ms, intDiv(heard_counter * capacity_ms, own_capacity)) AS spoken_counter,
      if(is_speaker, power_ms, intDiv(heard_power * capacity_ms, own_capacity)) AS spoken_power
    FROM speakers
  )
SELECT
  fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'),
  {revision:UInt32},
  cluster, hall, rack, pool, node, vendor, model,
  uniqExact(device_id),
  sum(capacity_ms),
  sumIf(counter_mj, is_speaker) + intDiv(sumIf(power_half, is_speaker), 2000),
  sumIf(counter_mj, is_speaker),
  sum(spoken_counter),
  intDiv(sumIf(power_half, is_speaker), 2000),
  sum(spoken_power),
  sumIf(both_ms, is_speaker),
  sumIf(both_counter_mj, is_speaker),
  intDiv(sumIf(both_power_half, is_speaker), 2000),
  sumIf(bridged_mj, is_speaker),
  sumIf(bridged_ms, is_speaker),
  minIf(bridged_from, is_speaker AND bridged_ms > 0),
  maxIf(bridged_to, is_speaker AND bridged_ms > 0),
  sumIf(resets, is_speaker),
  sumIf(rejected, is_speaker),
  sum(capacity_ms) - sum(spoken_counter) - sum(spoken_power),
  fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC')
FROM counted
GROUP BY cluster, hall, rack, pool, node, vendor, model
SETTINGS optimize_and_compare_chain = 0
