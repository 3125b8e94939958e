-- The newest finding that is open on each of some devices and makes it failed, as spans.sql judges: fatal ones, and devices
-- that their tool no longer shows or cannot read.
SELECT
  toString(device_id) AS id,
  toUnixTimestamp64Milli(argMax(last_at, last_at)) AS since_ms,
  argMax(last_message, last_at) AS message,
  argMax(last_message_zh, last_at) AS message_zh
FROM
(
  SELECT
    device_id,
    max(at) AS last_at,
    argMax(edge, at) AS last_edge,
    argMax(message, at) AS last_message,
    argMax(message_zh, at) AS last_message_zh
  FROM events
  WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
    AND at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
    AND
    (
      (edge = 'open' AND (severity = 'fatal' OR type IN ('device_missing', 'device_unreadable')))
      OR edge = 'closed'
    )
  GROUP BY device_id, type, code
)
WHERE last_edge = 'open'
GROUP BY device_id
