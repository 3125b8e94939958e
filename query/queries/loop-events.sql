-- What is open on some cooling units: of every finding its newest edge, unless its collector began anew since: one that
-- starts says again what is still so.
WITH
  starts AS
  (
    SELECT collector AS starting, max(at) AS started_at
    FROM events
    WHERE type = 'collector_start'
      AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    GROUP BY collector
  )
SELECT
  toString(f.at_node) AS unit,
  toString(f.of_type) AS event_type,
  toString(f.of_code) AS event_code,
  toUnixTimestamp64Milli(f.last_at) AS at_ms,
  toString(f.last_severity) AS event_severity,
  f.last_message AS text,
  f.last_message_zh AS text_zh,
  f.last_action AS action_text,
  f.last_action_zh AS action_text_zh
FROM
(
  SELECT
    collector AS of_collector,
    node AS at_node,
    type AS of_type,
    code AS of_code,
    max(at) AS last_at,
    argMax(edge, (at, log_position)) AS last_edge,
    argMax(severity, (at, log_position)) AS last_severity,
    argMax(message, (at, log_position)) AS last_message,
    argMax(message_zh, (at, log_position)) AS last_message_zh,
    argMax(action, (at, log_position)) AS last_action,
    argMax(action_zh, (at, log_position)) AS last_action_zh
  FROM events
  WHERE device_id = 0
    AND node IN {units:Array(String)}
    AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND at <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND edge IN ('open', 'closed')
  GROUP BY collector, node, type, code
) AS f
LEFT JOIN starts AS s ON s.starting = f.of_collector
WHERE f.last_edge = 'open'
  AND f.last_at >= s.started_at
