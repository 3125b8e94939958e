-- Collectors that are not heard of although nobody stopped them, whose spool fills, or whose targets fail.
SELECT
  cluster,
  collector,
  argMax(c.node, c.at) AS last_node,
  toUnixTimestamp64Milli(max(c.received_at)) AS heard_ms,
  argMax(c.devices, c.at) AS last_devices,
  argMax(c.interval_ms, c.at) AS every_ms,
  argMax(c.is_stopping, c.at) AS stopping,
  argMax(c.targets_failed, c.at) AS failed,
  argMax(c.spool_bytes / greatest(1, c.spool_max_bytes), c.at) AS spool_ratio,
  count() OVER () AS total
FROM collector_status AS c
WHERE c.at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
GROUP BY cluster, collector
ORDER BY (spool_ratio >= 0.3 OR failed > 0) DESC, heard_ms
LIMIT {limit:UInt32}
