-- Every key and its device, oldest first: the last one met in a slot sits there.
SELECT key, device_id, toUnixTimestamp64Milli(at) AS at_ms
FROM device_aliases FINAL
ORDER BY at, key
