-- Events in the order in which they were stored, from a place in that order on.
SELECT
  toUnixTimestamp64Milli(inserted_at) AS inserted_ms,
  toUnixTimestamp64Milli(at) AS at_ms,
  log_position,
  if(device_id = 0, '', toString(device_id)) AS device,
  cluster,
  collector,
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
WHERE inserted_at >= fromUnixTimestamp64Milli({inserted_ms:Int64}, 'UTC')
  -- What is older than a spool keeps anything is not looked for: months of events need not be read.
  AND at >= fromUnixTimestamp64Milli({oldest_ms:Int64}, 'UTC')
  AND (inserted_ms, log_position, at_ms, device, type, code) > ({inserted_ms:Int64}, {log_position:UInt64}, {at_ms:Int64}, {device:String}, {type:String}, {code:String})
ORDER BY inserted_ms, log_position, at_ms, device, type, code
LIMIT {limit:UInt32}
