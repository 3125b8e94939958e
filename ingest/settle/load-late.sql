-- Batches that were stored well after their samples: minutes settled in between lack them. Rows that
-- `batches` no longer has left the time of their insert by minute; those that came in time change nothing.
SELECT
  toUnixTimestamp(toStartOfMinute(min_ts)) * 1000 AS from_ms,
  toUnixTimestamp(toStartOfMinute(max_ts)) * 1000 AS to_ms,
  toUnixTimestamp64Milli(max(inserted_at)) AS inserted_at_ms
FROM batches
WHERE lost = 0
  AND row_count > 0
  AND min_ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND toUnixTimestamp64Milli(inserted_at) >= toUnixTimestamp64Milli(min_ts) + {delay_ms:Int64}
GROUP BY from_ms, to_ms
UNION ALL
SELECT
  toUnixTimestamp(from_at) * 1000 AS from_ms,
  toUnixTimestamp(to_at) * 1000 AS to_ms,
  toUnixTimestamp64Milli(max(inserted_at)) AS inserted_at_ms
FROM batch_minutes
WHERE from_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND toUnixTimestamp64Milli(inserted_at) >= toUnixTimestamp(from_at) * 1000 + {delay_ms:Int64}
GROUP BY from_at, to_at
