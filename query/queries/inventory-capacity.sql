-- Devices by model and place, and how each stands with capacity now. What the ledger counts stands where it counts it
-- (the newest open set of device_spans), else where it was described last. A partition is part of its device.
WITH
  fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') AS now_at,
  known AS
  (
    SELECT device_id, vendor, model, node, hall, pool, parent_id, sources
    FROM devices
    WHERE at <= now_at
    ORDER BY device_id, at DESC, log_position DESC
    LIMIT 1 BY device_id
  ),
  counted AS
  (
    SELECT device_id, hall, pool, 1 AS is_counted
    FROM device_spans
    WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
      AND from_ms <= {now_ms:Int64}
      AND to_ms > {now_ms:Int64}
    LIMIT 1 BY device_id
  ),
  entered AS
  (
    SELECT
      device_id,
      max(kind = 'capacity' AND from_at <= now_at AND to_at > now_at) AS is_accepted,
      max(kind = 'delivered' AND from_at <= now_at AND to_at > now_at) AS is_delivered,
      max(kind = 'capacity' AND to_at <= now_at) AS has_ended,
      max(reason = 'inventory') AS is_listed
    FROM intervals FINAL
    WHERE kind IN ('capacity', 'delivered')
      AND to_at > from_at
    GROUP BY device_id
  )
SELECT
  vendor,
  model,
  place.1 AS hall,
  place.2 AS pool,
  toUInt32(countIf(is_accepted)) AS accepted,
  toUInt32(countIf(NOT is_accepted AND is_delivered)) AS waiting,
  toUInt32(countIf(NOT is_accepted AND NOT is_delivered AND has_ended)) AS retired,
  toUInt32(countIf(NOT is_accepted AND NOT is_delivered AND NOT has_ended)) AS pending,
  toUInt32(countIf(is_accepted AND is_never_seen)) AS never_seen,
  toUInt32(countIf(is_unlisted)) AS unlisted,
  toUInt32(countIf(is_listed)) AS listed,
  groupUniqArrayIf({nodes_max:UInt32})(node, is_accepted AND is_never_seen) AS never_seen_nodes,
  groupUniqArrayIf({nodes_max:UInt32})(node, is_unlisted) AS unlisted_nodes
FROM
(
  SELECT
    k.vendor AS vendor,
    k.model AS model,
    k.node AS node,
    if(c.is_counted = 1, (c.hall, c.pool), (k.hall, k.pool)) AS place,
    e.is_accepted AS is_accepted,
    e.is_delivered AS is_delivered,
    e.has_ended AS has_ended,
    e.is_listed AS is_listed,
    k.sources = ['inventory'] AS is_never_seen,
    NOT e.is_listed AND NOT (e.has_ended AND NOT e.is_accepted) AS is_unlisted
  FROM known AS k
  LEFT JOIN counted AS c ON c.device_id = k.device_id
  LEFT JOIN entered AS e ON e.device_id = k.device_id
  WHERE k.parent_id = 0
)
GROUP BY vendor, model, hall, pool
ORDER BY vendor, model, hall, pool
LIMIT {limit:UInt32}
