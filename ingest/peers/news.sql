-- How much was stored of late in each table that processes share: equal twice = nothing new.
SELECT 'aliases' AS name, toUInt32(count()) AS rows, toUnixTimestamp64Milli(max(inserted_at)) AS newest_ms
FROM device_aliases
WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
UNION ALL
SELECT 'devices', toUInt32(count()), toUnixTimestamp64Milli(max(inserted_at))
FROM devices
WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
UNION ALL
SELECT 'intervals', toUInt32(count()), toUnixTimestamp64Milli(max(inserted_at))
FROM intervals
WHERE kind = 'capacity'
  AND inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
