-- Keys that somebody stored of late, each as the store has it now.
SELECT key, device_id, toUnixTimestamp64Milli(at) AS at_ms
FROM device_aliases FINAL
WHERE key IN
(
  SELECT key
  FROM device_aliases
  WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
)
ORDER BY at, key
