-- Every key some devices were ever met under, and when they were first described.
SELECT
  toString(d.device_id) AS id,
  toUnixTimestamp64Milli(d.first_at) AS first_seen_ms,
  k.keys AS keys
FROM
(
  SELECT device_id, min(at) AS first_at
  FROM devices
  WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
  GROUP BY device_id
) AS d
LEFT JOIN
(
  SELECT device_id, arraySort(groupUniqArray(key)) AS keys
  FROM device_aliases
  WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
  GROUP BY device_id
) AS k ON k.device_id = d.device_id
