-- What some devices are, as they were described last.
SELECT
  toString(device_id) AS id,
  canonical_key,
  vendor,
  model,
  node,
  device_index,
  bus,
  toString(parent_id) AS parent,
  partition_id,
  partition_profile,
  partition_share,
  cluster AS told_cluster,
  hall AS told_hall,
  rack AS told_rack,
  pool AS told_pool,
  tenant,
  job,
  namespace,
  pod,
  container,
  class,
  sources,
  labels,
  device_id IN
  (
    SELECT device_id
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
  ) AS is_accepted
FROM devices
WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
ORDER BY device_id, at DESC, log_position DESC
LIMIT 1 BY device_id
