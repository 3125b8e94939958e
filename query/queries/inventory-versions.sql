-- What devices run now, by model: drivers, firmware and the like, told of the device itself or else of its node. With what
-- went wrong: device time that was known on published days, and findings of those days. A finding that repeats within a
-- day counts once. The empty name is the whole model.
WITH
  fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') AS now_at,
  toDateTime({from_s:Int64}, 'UTC') AS from_at,
  toDateTime({to_s:Int64}, 'UTC') AS to_at,
  known AS
  (
    SELECT device_id, vendor, model, cluster, node, parent_id, sources
    FROM devices
    WHERE at <= now_at
    ORDER BY device_id, at DESC, log_position DESC
    LIMIT 1 BY device_id
  ),
  facts AS
  (
    SELECT cluster, node, device_id, name, argMax(value, (at, log_position)) AS value
    FROM node_facts
    WHERE at <= now_at
    GROUP BY cluster, node, device_id, name
    HAVING value != ''
  ),
  told AS
  (
    SELECT device_id, name, value
    FROM
    (
      SELECT device_id, toString(name) AS name, value, 0 AS rank FROM facts WHERE device_id != 0
      UNION ALL
      SELECT k.device_id AS device_id, toString(f.name) AS name, f.value AS value, 1 AS rank
      FROM known AS k
      INNER JOIN (SELECT * FROM facts WHERE device_id = 0) AS f ON f.cluster = k.cluster AND f.node = k.node
    )
    ORDER BY device_id, name, rank
    LIMIT 1 BY device_id, name
  ),
  days AS
  (
    SELECT bucket, max(revision) AS revision
    FROM revisions
    WHERE resolution = '1d'
      AND bucket >= from_at
      AND bucket < to_at
    GROUP BY bucket
  ),
  exposure AS
  (
    SELECT device_id, sum(known_ms) AS known_ms
    FROM ledger_1d
    WHERE bucket >= from_at
      AND bucket < to_at
      AND (bucket, revision) IN (SELECT bucket, revision FROM days)
    GROUP BY device_id
  ),
  faults AS
  (
    SELECT device_id, uniqExact(type, code, toDate(at)) AS device_faults
    FROM events
    WHERE at >= from_at
      AND at < to_at
      AND device_id != 0
      AND severity IN ('critical', 'fatal')
      AND edge IN ('open', 'point')
    GROUP BY device_id
  )
SELECT
  vendor,
  model,
  fact.1 AS name,
  fact.2 AS value,
  toUInt32(count()) AS devices,
  groupUniqArray({nodes_max:UInt32})(node) AS nodes,
  toFloat64(sum(known_ms)) / 86400000 AS device_days,
  toUInt32(sum(device_faults)) AS faults,
  toUInt32(countIf(device_faults > 0)) AS faulty_devices
FROM
(
  SELECT
    k.vendor AS vendor,
    k.model AS model,
    k.node AS node,
    e.known_ms AS known_ms,
    w.device_faults AS device_faults,
    arrayJoin(arrayConcat([('', '')], t.list)) AS fact
  FROM known AS k
  LEFT JOIN (SELECT device_id, groupArray((name, value)) AS list FROM told GROUP BY device_id) AS t ON t.device_id = k.device_id
  LEFT JOIN exposure AS e ON e.device_id = k.device_id
  LEFT JOIN faults AS w ON w.device_id = k.device_id
  WHERE k.parent_id = 0
    AND k.sources != ['inventory']
)
GROUP BY vendor, model, name, value
ORDER BY vendor, model, name, devices DESC, value
LIMIT {limit:UInt32}
