-- Nodes on which devices in capacity gave no sample lately: some of them (a device is lost) or all (the node is silent).
-- What is drained or known to be failed is waited for by nobody.
SELECT
  cluster,
  hall,
  rack,
  node,
  any(vendor) AS vendor,
  count() AS devices,
  countIf(n.device_id = 0) AS lost
FROM
(
  SELECT device_id, any(cluster) AS cluster, any(hall) AS hall, any(rack) AS rack, any(node) AS node, any(vendor) AS vendor
  FROM device_spans
  WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
    AND state IN (0, 3)
  GROUP BY device_id
) AS s
LEFT JOIN
(
  SELECT DISTINCT device_id
  FROM samples
  WHERE ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND ts < fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
) AS n ON n.device_id = s.device_id
GROUP BY cluster, hall, rack, node
HAVING lost > 0
ORDER BY lost DESC, cluster, node
LIMIT {limit:UInt32}
