-- First and last sample within some time of devices that are not in capacity.
SELECT
  s.device_id AS device_id,
  any(d.node) AS node,
  toUnixTimestamp64Milli(min(s.ts)) AS first_ms,
  toUnixTimestamp64Milli(max(s.ts)) AS last_ms
FROM samples AS s
INNER JOIN
(
  SELECT device_id, argMax(node, at) AS node
  FROM devices
  WHERE partition_id = ''
    AND device_id NOT IN
    (
      SELECT device_id
      FROM intervals FINAL
      WHERE kind = 'capacity' AND to_at >= fromUnixTimestamp64Milli({open_ms:Int64}, 'UTC')
    )
  GROUP BY device_id
) AS d ON d.device_id = s.device_id
WHERE s.ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND s.ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND s.device_id IN
  (
    SELECT device_id
    FROM devices
    WHERE partition_id = ''
      AND device_id NOT IN
      (
        SELECT device_id
        FROM intervals FINAL
        WHERE kind = 'capacity' AND to_at >= fromUnixTimestamp64Milli({open_ms:Int64}, 'UTC')
      )
  )
GROUP BY s.device_id
