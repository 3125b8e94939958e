-- Where sources' words are complete, of intervals that begin within a window.
SELECT
  source,
  cluster,
  node,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  version
FROM allocation_scopes FINAL
WHERE from_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND from_at <= fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC')
