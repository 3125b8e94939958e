-- Events of a node itself (its ports, its clock) in the last seven days, newest first; those of its devices are
-- on their pages.
SELECT
  toUnixTimestamp64Milli(at) AS at_ms,
  toString(device_id) AS id,
  node,
  source,
  type,
  code,
  severity,
  edge,
  message,
  message_zh,
  fault_class,
  action,
  action_zh
FROM events
WHERE device_id = 0
  AND cluster = {cluster:String}
  AND node = {node:String}
  AND at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 7 DAY
ORDER BY at DESC, log_position DESC, type ASC, code ASC
LIMIT {limit:UInt32}
