-- Where every device sat, from when to when it was said to. Partitions sit in their device.
SELECT
  device_id,
  argMax(canonical_key, at) AS key,
  cluster,
  node,
  device_index,
  bus,
  toUnixTimestamp64Milli(min(at)) AS from_ms,
  toUnixTimestamp64Milli(max(at)) AS last_ms
FROM devices
WHERE partition_id = ''
GROUP BY device_id, cluster, node, device_index, bus
