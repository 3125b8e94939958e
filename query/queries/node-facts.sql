-- Facts of a node and its devices with their dates, newest first. A collector says again at each of its starts
-- what it said before: only changes count. An empty value ends a fact and is none itself.
WITH
  said AS
  (
    SELECT device_id, name, source, value, at, log_position
    FROM node_facts
    WHERE cluster = {cluster:String}
      AND node = {node:String}
      AND (empty({ids:Array(String)}) OR device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)}))))
  ),
  changes AS
  (
    SELECT device_id, name, source, value, at
    FROM
    (
      SELECT
        *,
        lagInFrame(value, 1, '') OVER told AS before
      FROM said
      WINDOW told AS (
        PARTITION BY device_id, name, source ORDER BY at, log_position
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
      )
    )
    WHERE value != before
  )
SELECT
  toString(device_id) AS id,
  name,
  value,
  source,
  toUnixTimestamp64Milli(at) AS from_ms,
  -- The epoch = it still holds.
  toUnixTimestamp64Milli(leadInFrame(at, 1, toDateTime64(0, 3, 'UTC')) OVER (
    PARTITION BY device_id, name, source ORDER BY at ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
  )) AS until_ms
FROM changes
QUALIFY value != ''
ORDER BY from_ms DESC, device_id ASC, name ASC
LIMIT {limit:UInt32}
