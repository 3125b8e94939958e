-- Where some devices and nodes stand, by their own entries.
SELECT
  device_id,
  node,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  site,
  cluster,
  hall,
  rack,
  pool,
  version
FROM places FINAL
WHERE device_id IN (SELECT arrayJoin(arrayMap(id -> toUInt64(id), {ids:Array(String)})))
  AND (device_id != 0 OR node IN {nodes:Array(String)})
ORDER BY device_id, node, from_ms
