-- Batches that were lost for good in the last seven days, newest first.
SELECT
  toUnixTimestamp64Milli(at) AS at_ms,
  toString(device_id) AS id,
  -- A gap belongs to a collector.
  if(e.node = '', e.collector, e.node) AS node,
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
FROM events AS e
WHERE type = 'gap'
  AND at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 7 DAY
ORDER BY at DESC, log_position DESC
LIMIT {limit:UInt32}
