-- Keys that lead to a device which another key named first: all others are named by their own hash.
SELECT
  key,
  toString(argMax(device_id, at)) AS device
FROM device_aliases
GROUP BY key
HAVING argMax(device_id, at) != reinterpretAsUInt64(reverse(substring(SHA256(key), 1, 8)))
LIMIT {limit:UInt32}
