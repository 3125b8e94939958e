-- Changes whenever somebody says something new of a device.
SELECT toString(count()) AS rows, toUnixTimestamp64Milli(max(inserted_at)) AS newest_ms
FROM devices
