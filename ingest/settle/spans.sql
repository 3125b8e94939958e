-- Who holds what part of which device in which state, and where it stands, from {from_ms} to {to_ms} as one set of
-- device_spans: the time with capacity, cut wherever something changes.
--
-- Planning is most of what it costs (015-planned-minutes.sql): it looks for no comparisons that follow from others, and
-- what stands far up says `if` and USING where AND would do.
INSERT INTO device_spans
(
  set_id, device_id, from_ms, to_ms, state, part_from, part_to,
  cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, is_held, reference_ppm
)
WITH
  -- Fatal findings while they are open, and devices that their tool no longer shows or cannot read. A collector that
  -- starts anew says again what is still open.
  fault_edges AS
  (
    SELECT
      e.device_id AS device_id,
      e.collector AS collector,
      e.edge AS edge,
      toUnixTimestamp64Milli(e.at) AS at_ms,
      leadInFrame(at_ms, 1, toInt64(4102444800000)) OVER (
        PARTITION BY e.device_id, e.type, e.code ORDER BY e.at ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
      ) AS until_ms
    FROM events AS e
    WHERE e.device_id != 0
      AND e.at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND
      (
        (e.edge = 'open' AND (e.severity = 'fatal' OR e.type IN ('device_missing', 'device_unreadable')))
        OR e.edge = 'closed'
      )
  ),
  faults AS
  (
    SELECT f.device_id AS device_id, f.at_ms AS fault_from, if(s.start_ms = 0, f.until_ms, least(f.until_ms, s.start_ms)) AS fault_to
    FROM (SELECT * FROM fault_edges WHERE edge = 'open') AS f
    ASOF LEFT JOIN
    (
      SELECT collector AS starting, toUnixTimestamp64Milli(at) AS start_ms
      FROM events
      WHERE type = 'collector_start' AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ) AS s ON s.starting = f.collector AND s.start_ms > f.at_ms
  ),
  -- What devices were in the window: of older descriptions only the last one of each device.
  descriptions AS
  (
    SELECT device_id, at, cluster, hall, rack, pool, node, vendor, model, tenant, job, namespace, pod, class
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
  ),
  cuts AS
  (
    SELECT
      device_id,
      toString(kind) AS kind,
      greatest(toUnixTimestamp64Milli(from_at), {from_ms:Int64}) AS cut_from,
      least(toUnixTimestamp64Milli(to_at), {to_ms:Int64}) AS cut_to,
      toUInt8(0) AS rank, '' AS source, '' AS job, '' AS tenant, '' AS class, '' AS billing, toUInt32(0) AS share_ppm
    FROM intervals FINAL
    WHERE kind IN ('capacity', 'failed', 'drained', 'verification')
      AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND to_at > from_at
    UNION ALL
    SELECT device_id, 'failed', greatest(fault_from, {from_ms:Int64}), least(fault_to, {to_ms:Int64}), 0, '', '', '', '', '', 0
    FROM faults
    WHERE fault_to > {from_ms:Int64} AND fault_to > fault_from AND fault_from < {to_ms:Int64}
    UNION ALL
    SELECT
      device_id,
      'held',
      greatest(toUnixTimestamp64Milli(from_at), {from_ms:Int64}),
      least(toUnixTimestamp64Milli(to_at), {to_ms:Int64}),
      source_rank,
      toString(source),
      if(job = '', holder, job),
      -- An account and a namespace are marked as what they are until it is known whose they are: owned, below.
      if(tenant = '' AND account != '', concat('\x01a', account), toString(tenant)),
      toString(class),
      toString(billing),
      share_ppm
    FROM allocations FINAL
    WHERE from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND to_at > from_at
    UNION ALL
    -- What a device is holds from the minute in which it was told.
    SELECT device_id, 'told', greatest(intDiv(toUnixTimestamp64Milli(at), 60000) * 60000, {from_ms:Int64}), {to_ms:Int64}, 0, '', '', '', '', '', 0
    FROM descriptions
    UNION ALL
    SELECT device_id, 'told', greatest(toUnixTimestamp64Milli(from_at), {from_ms:Int64}), {to_ms:Int64}, 0, '', '', '', '', '', 0
    FROM places FINAL
    WHERE device_id != 0 AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  ),
  -- Since when labels name holders at all: from then on a device without one is free; elsewhere nobody says. Of all
  -- time, because what a minute was must not depend on which minutes are looked at with it.
  labelled AS
  (
    SELECT cluster AS labelled_cluster, vendor AS labelled_vendor, intDiv(toUnixTimestamp64Milli(min(at)), 60000) * 60000 AS labelled_ms
    FROM devices
    WHERE tenant != '' OR job != '' OR namespace != '' OR pod != ''
    GROUP BY labelled_cluster, labelled_vendor
  ),
  -- Moments at which something changes for many devices at once.
  (
    SELECT groupUniqArray(at_ms)
    FROM
    (
      SELECT toUnixTimestamp64Milli(from_at) AS at_ms FROM efficiency_references
      UNION ALL
      SELECT toUnixTimestamp64Milli(arrayJoin([from_at, to_at])) FROM allocation_scopes
      UNION ALL
      SELECT toUnixTimestamp64Milli(from_at) FROM places WHERE device_id = 0
      UNION ALL
      SELECT toUnixTimestamp64Milli(at) FROM journal_entries WHERE kind = 'owners'
      UNION ALL
      SELECT labelled_ms FROM labelled
    )
    WHERE at_ms > {from_ms:Int64} AND at_ms < {to_ms:Int64}
  ) AS turns,
  by_device AS
  (
    SELECT
      device_id,
      groupArrayIf((cut_from, cut_to), kind = 'capacity') AS capacities,
      groupArrayIf((cut_from, cut_to), kind = 'failed') AS failures,
      groupArrayIf((cut_from, cut_to), kind = 'drained') AS drains,
      groupArrayIf((cut_from, cut_to), kind = 'verification') AS verifications,
      -- By name: cuts begin where the window does, and who has which part must not depend on it.
      arraySort(
        claim -> (claim.3, claim.4, claim.5, claim.6, claim.7, claim.8, claim.9),
        groupArrayIf((cut_from, cut_to, rank, source, job, tenant, class, billing, share_ppm), kind = 'held')
      ) AS allocated,
      arraySort(arrayDistinct(arrayConcat(groupArray(cut_from), groupArray(cut_to), turns))) AS edges
    FROM cuts
    GROUP BY device_id
    HAVING notEmpty(capacities)
  ),
  spans AS
  (
    SELECT device_id, edges[part] AS seg_from, edges[part + 1] AS seg_to, capacities, failures, drains, verifications, allocated
    FROM by_device
    ARRAY JOIN arrayEnumerate(edges) AS part
    WHERE part < length(edges)
  ),
  -- state: 0 = to be told by samples and holders.
  claims AS
  (
    SELECT
      device_id,
      seg_from,
      seg_to,
      multiIf(
        arrayExists(span -> span.1 <= seg_from AND span.2 >= seg_to, failures), 1,
        arrayExists(span -> span.1 <= seg_from AND span.2 >= seg_to, drains), 2,
        arrayExists(span -> span.1 <= seg_from AND span.2 >= seg_to, verifications), 3,
        0
      ) AS state,
      arrayFilter(span -> span.1 <= seg_from AND span.2 >= seg_to, allocated) AS claims
    FROM spans
    WHERE arrayExists(span -> span.1 <= seg_from AND span.2 >= seg_to, capacities)
  ),
  -- Of several sources the one of the lowest rank counts.
  strongest AS
  (
    SELECT device_id, seg_from, seg_to, state, arrayFilter(claim -> claim.3 = arrayMin(other -> other.3, claims), claims) AS holders
    FROM claims
  ),
  given AS
  (
    SELECT
      device_id, seg_from, seg_to, state, holders,
      arraySum(claim -> claim.9, holders) AS given_sum,
      countEqual(arrayMap(claim -> claim.9, holders), 0) AS open_claims
    FROM strongest
  ),
  -- Where each holder's part of the device ends, in millionths: a given share, or an equal part of what others leave.
  ends AS
  (
    SELECT
      device_id, seg_from, seg_to, state, holders, given_sum, open_claims,
      arrayCumSum(arrayMap(
        claim -> toUInt64(if(
          claim.9 = 0,
          intDivOrZero(1000000 - least(1000000, given_sum), open_claims),
          if(given_sum > 1000000, intDivOrZero(claim.9 * 1000000, given_sum), claim.9)
        )),
        holders
      )) AS part_ends
    FROM given
  ),
  -- The last of equal parts ends where the device does; what nobody claims is a part of its own.
  held AS
  (
    SELECT
      device_id, seg_from, seg_to, state, holders,
      arrayMap(
        (part_end, at) -> if(at = length(holders) AND (open_claims > 0 OR given_sum >= 1000000), toUInt64(1000000), part_end),
        part_ends,
        arrayEnumerate(part_ends)
      ) AS part_ends,
      -- A description holds for the whole minute it was told in, a place from its moment on.
      fromUnixTimestamp64Milli(intDiv(seg_from, 60000) * 60000 + 59999, 'UTC') AS seen_until,
      fromUnixTimestamp64Milli(seg_from, 'UTC') AS seen_from
    FROM ends
  ),
  -- What it was told to be, and where it stands: the device's own entry in the inventory, its node's, or what its
  -- collector was told.
  placed AS
  (
    SELECT
      h.device_id AS device_id,
      h.seg_from AS seg_from,
      h.seg_to AS seg_to,
      h.state AS state,
      h.holders AS holders,
      h.part_ends AS part_ends,
      d.node AS node,
      d.vendor AS vendor,
      d.model AS model,
      d.cluster AS own_cluster,
      multiIf(d.job != '', d.job, d.pod != '', concat(d.namespace, '/', d.pod), '') AS told_job,
      if(d.tenant = '' AND d.namespace != '', concat('\x01n', d.namespace), toString(d.tenant)) AS told_tenant,
      toString(d.class) AS told_class,
      toString(multiIf(p.cluster != '', p.cluster, n.cluster != '', n.cluster, d.cluster)) AS cluster,
      toString(multiIf(p.hall != '', p.hall, n.hall != '', n.hall, d.hall)) AS hall,
      toString(multiIf(p.rack != '', p.rack, n.rack != '', n.rack, d.rack)) AS rack,
      toString(multiIf(p.pool != '', p.pool, n.pool != '', n.pool, d.pool)) AS pool
    FROM held AS h
    ASOF LEFT JOIN descriptions AS d ON d.device_id = h.device_id AND d.at <= h.seen_until
    ASOF LEFT JOIN
    (
      SELECT node, from_at, cluster, hall, rack, pool
      FROM places FINAL
      WHERE device_id = 0 AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ) AS n ON n.node = d.node AND n.from_at <= h.seen_from
    ASOF LEFT JOIN
    (
      SELECT device_id, from_at, cluster, hall, rack, pool
      FROM places FINAL
      WHERE device_id != 0 AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ) AS p ON p.device_id = h.device_id AND p.from_at <= h.seen_from
  ),
  -- Who speaks for this time: a source that names a holder, or one whose word about the place is complete.
  scopes AS
  (
    SELECT cluster, node, groupArray((
      toUnixTimestamp64Milli(from_at), toUnixTimestamp64Milli(to_at), toString(source), indexOf(['api', 'slurm', 'csv', 'import'], source)
    )) AS times
    FROM allocation_scopes FINAL
    WHERE from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND to_at > from_at
    GROUP BY cluster, node
  ),
  parts AS
  (
    SELECT
      h.device_id AS device_id,
      h.seg_from AS seg_from,
      h.seg_to AS seg_to,
      h.state AS state,
      h.cluster AS cluster,
      h.hall AS hall,
      h.rack AS rack,
      h.pool AS pool,
      h.node AS node,
      h.vendor AS vendor,
      h.model AS model,
      -- The strongest first, as in ALLOCATION_SOURCES.
      arraySort(
        span -> span.4,
        arrayFilter(span -> span.1 <= h.seg_from AND span.2 >= h.seg_to, arrayConcat(n.times, c.times))
      ) AS speakers,
      multiIf(
        notEmpty(h.holders), h.holders[1].4,
        h.told_job != '' OR h.told_tenant != '', 'telemetry',
        notEmpty(speakers), speakers[1].3,
        b.labelled_ms > 0 AND b.labelled_ms <= h.seg_from, 'telemetry',
        'none'
      ) AS allocation_source,
      if(
        empty(h.holders),
        [(h.told_job, h.told_tenant, h.told_class, 'unknown', toUInt64(0), toUInt64(1000000), h.told_job != '' OR h.told_tenant != '')],
        arrayConcat(
          arrayMap(
            (claim, part_end, at) -> (claim.5, claim.6, claim.7, claim.8, if(at = 1, toUInt64(0), h.part_ends[at - 1]), part_end, true),
            h.holders,
            h.part_ends,
            arrayEnumerate(h.part_ends)
          ),
          if(h.part_ends[-1] < 1000000, [('', '', '', '', h.part_ends[-1], toUInt64(1000000), false)], [])
        )
      ) AS held_parts
    FROM placed AS h
    LEFT JOIN (SELECT cluster, node, times FROM scopes WHERE node != '') AS n ON n.cluster = h.cluster AND n.node = h.node
    LEFT JOIN (SELECT cluster, times FROM scopes WHERE node = '') AS c ON c.cluster = h.cluster
    LEFT JOIN labelled AS b ON b.labelled_cluster = h.own_cluster AND b.labelled_vendor = h.vendor
  ),
  -- What a class reaches on a model; the entry that names both counts before one that names one, that before one for all.
  expected AS
  (
    SELECT class, model, arraySort(groupArray((toUnixTimestamp64Milli(from_at), effective_ppm))) AS steps
    FROM efficiency_references FINAL
    WHERE from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    GROUP BY class, model
  ),
  (
    SELECT arraySort(groupArrayArray(steps)) FROM expected WHERE class = '' AND model = ''
  ) AS all_steps,
  -- The lines of every document of owners that counts here; the last of each holds for every name, so that a document
  -- that says nothing of a name ends what the one before it said.
  owner_lines AS
  (
    SELECT sequence, toUnixTimestamp64Milli(at) AS lines_from, line.1 AS of_kind, line.2 AS pattern, line.3 AS owner, line.4 AS line_rank
    FROM
    (
      SELECT
        sequence,
        at,
        arrayFlatten(arrayMap(
          one -> arrayConcat(
            arrayMap(pattern -> ('a', pattern, one.tenant), one.accounts),
            arrayMap(pattern -> ('n', pattern, one.tenant), one.namespaces)
          ),
          JSONExtract(body, 'owners', 'Array(Tuple(tenant String, accounts Array(String), namespaces Array(String)))')
        )) AS told_lines,
        -- A name written out before a pattern, of several the first; as in schemas/owner-match.ts.
        arrayPushBack(
          arrayMap((told, at_line) -> (told.1, told.2, told.3, if(match(told.2, '[*?]'), 1000000000 + at_line, at_line)), told_lines, arrayEnumerate(told_lines)),
          ('', '', '', 2000000000)
        ) AS lines
      FROM journal_entries FINAL
      WHERE kind = 'owners'
        AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    )
    ARRAY JOIN lines AS line
  ),
  -- Whose an account or a namespace is since when.
  owned AS
  (
    SELECT told_name, arraySort(groupArray((lines_from, sequence, owner))) AS owner_steps
    FROM
    (
      SELECT n.told_name AS told_name, l.lines_from AS lines_from, l.sequence AS sequence, argMin(l.owner, l.line_rank) AS owner
      FROM
      (
        SELECT DISTINCT concat('\x01n', namespace) AS told_name FROM devices WHERE tenant = '' AND namespace != ''
        UNION DISTINCT
        SELECT DISTINCT concat('\x01a', account) FROM allocations WHERE tenant = '' AND account != ''
      ) AS n
      CROSS JOIN owner_lines AS l
      WHERE l.of_kind = ''
        OR (
          l.of_kind = substring(n.told_name, 2, 1)
          AND if(
            l.line_rank < 1000000000,
            substring(n.told_name, 3) = l.pattern,
            substring(n.told_name, 3) LIKE replaceAll(replaceAll(replaceRegexpAll(l.pattern, '([\\\\%_])', '\\\\\\1'), '*', '%'), '?', '_')
          )
        )
      GROUP BY told_name, lines_from, sequence
    )
    GROUP BY told_name
  ),
  owned_parts AS
  (
    SELECT
      p.device_id AS device_id, p.seg_from AS seg_from, p.seg_to AS seg_to, p.state AS state,
      p.cluster AS cluster, p.hall AS hall, p.rack AS rack, p.pool AS pool, p.node AS node, p.vendor AS vendor, p.model AS model,
      p.allocation_source AS allocation_source,
      p.part AS part,
      p.part.3 AS class,
      arrayLast(step -> step.1 <= p.seg_from, o.owner_steps).3 AS owner,
      multiIf(owner != '', owner, startsWith(p.part.2, '\x01'), substring(p.part.2, 3), p.part.2) AS tenant,
      [of_both.steps, of_class.steps, of_model.steps, all_steps] AS references
    FROM (SELECT * EXCEPT (held_parts, speakers), part FROM parts ARRAY JOIN held_parts AS part) AS p
    LEFT JOIN (SELECT class, steps FROM expected WHERE class != '' AND model = '') AS of_class ON of_class.class = p.part.3
    LEFT JOIN (SELECT model, steps FROM expected WHERE class = '' AND model != '') AS of_model ON of_model.model = p.model
    LEFT JOIN (SELECT class, model, steps FROM expected WHERE class != '' AND model != '') AS of_both
      ON of_both.class = p.part.3 AND of_both.model = p.model
    LEFT JOIN owned AS o ON o.told_name = p.part.2
  ),
  resolved AS
  (
    SELECT
      device_id,
      seg_from,
      seg_to,
      arraySort(groupArray((
        toUInt32(part.5),
        toUInt32(part.6),
        toUInt8(if(state != 0, state, if(class = 'verification', 3, 0))),
        cluster, hall, rack, pool, toString(node), toString(vendor), toString(model),
        tenant,
        part.1,
        class,
        allocation_source,
        multiIf(NOT part.7, 'unknown', part.4 = '', 'unknown', part.4),
        toUInt8(part.7),
        toUInt32(arrayFirst(
          effective_ppm -> effective_ppm > 0,
          arrayMap(
            steps -> arrayLast(step -> step.1 <= seg_from, steps).2,
            references
          )
        ))
      ))) AS holders
    FROM owned_parts
    WHERE part.6 > part.5
    GROUP BY device_id, seg_from, seg_to
  ),
  -- Neighbours that say the same are one: what turns elsewhere must not cut the minutes of this device.
  joined AS
  (
    SELECT
      device_id,
      holders,
      arraySort(groupArray(seg_from)) AS froms,
      arraySort(groupArray(seg_to)) AS tos,
      arrayZip(arrayFilter(at -> NOT has(tos, at), froms), arrayFilter(at -> NOT has(froms, at), tos)) AS times
    FROM resolved
    GROUP BY device_id, holders
  )
SELECT
  {set_id:UInt64},
  device_id,
  time.1,
  time.2,
  holder.3,
  holder.1,
  holder.2,
  holder.4, holder.5, holder.6, holder.7, holder.8, holder.9, holder.10,
  holder.11,
  holder.12,
  holder.13,
  holder.14,
  holder.15,
  holder.16,
  holder.17
FROM (SELECT device_id, holders, time FROM joined ARRAY JOIN times AS time)
ARRAY JOIN holders AS holder
SETTINGS optimize_and_compare_chain = 0
