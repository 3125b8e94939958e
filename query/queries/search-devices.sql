-- Devices by a part of a key they were ever met under (UUID, vdie, serial, slot), by the beginning of their number, or by
-- node and index; what they are as they were described last.
WITH
  matched AS
  (
    SELECT device_id, key, at_word, count() OVER () AS found
    FROM
    (
      SELECT device_id, key, position(lower(key), concat(':', lower({q:String}))) AS at_word
      FROM device_aliases
      WHERE length({q:String}) >= 3 AND positionCaseInsensitive(key, {q:String}) > 0
      UNION ALL
      SELECT device_id, canonical_key AS key, toUInt64(1) AS at_word
      FROM devices
      WHERE ({number:String} != '' AND startsWith(toString(device_id), {number:String}))
        OR ({at_node:String} != '' AND lower(node) = lower({at_node:String}) AND device_index = {at_index:Int32})
    )
    -- What a key begins with after its kind comes first, then the shortest.
    ORDER BY at_word = 0, length(key), key
    LIMIT 1 BY device_id
    LIMIT 20
  )
SELECT
  toString(m.device_id) AS id,
  m.key AS key,
  m.found AS found,
  d.last.1 AS cluster,
  d.last.2 AS hall,
  d.last.3 AS rack,
  d.last.4 AS node,
  d.last.5 AS model,
  d.last.6 AS device_index
FROM matched AS m
LEFT JOIN
(
  SELECT
    device_id,
    argMax((toString(cluster), toString(hall), toString(rack), toString(node), toString(model), device_index), at) AS last
  FROM devices
  WHERE device_id IN (SELECT device_id FROM matched)
  GROUP BY device_id
) AS d ON d.device_id = m.device_id
ORDER BY m.at_word = 0, length(m.key), m.key
