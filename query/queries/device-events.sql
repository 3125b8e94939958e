-- Events of one device, newest first. A cursor is the place of the last event that was given.
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
WHERE device_id = {device_id:UInt64}
  AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY at DESC, log_position DESC, type ASC, code ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
