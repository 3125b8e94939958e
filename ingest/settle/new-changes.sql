-- What changes of the interval tables reach, from when on they were written; epoch ms.
SELECT
  toUnixTimestamp64Milli(inserted_at) AS inserted_at_ms,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  reason
FROM interval_changes
WHERE inserted_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
ORDER BY inserted_at, from_at
