-- One device and its partitions, as they are now: where the ledger counts a device its place is the ledger's (the newest
-- open set of device_spans), else what its collector told. A statement of its own: one device must not cost to plan, nor
-- to read, what a page of the fleet costs.
WITH
  family AS
  (
    SELECT device_id
    FROM devices
    WHERE device_id = {id:UInt64} OR (parent_id = {id:UInt64} AND parent_id != 0)
  )
SELECT
  toString(c.device_id) AS id,
  if(s.is_counted, s.cluster, c.cluster) AS cluster,
  if(s.is_counted, s.hall, c.hall) AS hall,
  if(s.is_counted, s.rack, c.rack) AS rack,
  if(s.is_counted, s.pool, c.pool) AS pool
FROM
(
  SELECT device_id, parent_id, node, device_index, cluster, hall, rack, pool
  FROM devices
  WHERE device_id IN (SELECT device_id FROM family)
  ORDER BY device_id, at DESC, log_position DESC
  LIMIT 1 BY device_id
) AS c
LEFT JOIN
(
  -- A row per holder; they stand in one place.
  SELECT device_id, cluster, hall, rack, pool, 1 AS is_counted
  FROM device_spans
  WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
    AND device_id IN (SELECT device_id FROM family)
  LIMIT 1 BY device_id
) AS s ON s.device_id = c.device_id
WHERE c.device_id = {id:UInt64} OR c.parent_id = {id:UInt64}
ORDER BY c.device_id = {id:UInt64} DESC, cluster, node, device_index, c.device_id
LIMIT {limit:UInt32}
