-- Nodes of all devices that count now (the newest open set of device_spans), where they stand, and how many devices each has.
SELECT
  cluster,
  hall,
  rack,
  node,
  uniqExact(device_id) AS devices
FROM device_spans
WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
  AND from_ms <= {now_ms:Int64}
  AND to_ms > {now_ms:Int64}
GROUP BY cluster, hall, rack, node
ORDER BY cluster, hall, rack, node
LIMIT {limit:UInt32}
