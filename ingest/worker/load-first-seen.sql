-- Since when a device is known, and what delivered of late: those without capacity are candidates.
SELECT
  d.device_id AS device_id,
  toUnixTimestamp64Milli(min(d.at)) AS first_ms,
  argMax(d.node, d.at) AS node,
  argMax(d.partition_id, d.at) != '' AS is_partition,
  toUnixTimestamp64Milli(any(s.first_ts)) AS recent_first_ms,
  toUnixTimestamp64Milli(any(s.last_ts)) AS recent_last_ms
FROM devices AS d
LEFT JOIN
(
  SELECT device_id, min(ts) AS first_ts, max(ts) AS last_ts
  FROM samples
  WHERE ts >= fromUnixTimestamp64Milli({recent_ms:Int64}, 'UTC')
  GROUP BY device_id
) AS s ON s.device_id = d.device_id
GROUP BY d.device_id
