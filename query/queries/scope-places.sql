-- Where the devices of a node, or one device, stand now: the ledger's place where it counts them, else what was told.
SELECT DISTINCT
  c.node AS node,
  if(s.is_counted, s.cluster, c.cluster) AS cluster,
  if(s.is_counted, s.hall, c.hall) AS hall,
  if(s.is_counted, s.rack, c.rack) AS rack,
  if(s.is_counted, s.pool, c.pool) AS pool
FROM
(
  SELECT device_id, node, cluster, hall, rack, pool
  FROM devices
  WHERE (node = {node:String} AND {node:String} != '') OR toString(device_id) = {device:String}
  ORDER BY device_id, at DESC, log_position DESC
  LIMIT 1 BY device_id
) AS c
LEFT JOIN
(
  SELECT device_id, cluster, hall, rack, pool, 1 AS is_counted
  FROM device_spans
  WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
    AND device_id IN
    (
      SELECT device_id
      FROM devices
      WHERE (node = {node:String} AND {node:String} != '') OR toString(device_id) = {device:String}
    )
  LIMIT 1 BY device_id
) AS s ON s.device_id = c.device_id
ORDER BY node, cluster, hall, rack, pool
LIMIT {limit:UInt32}
