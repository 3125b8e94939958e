-- What was put away and what was settled again in the last day, by reason.
WITH fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 1 DAY AS day_ago
SELECT
  'quarantine' AS kind,
  reason,
  count() AS found,
  toUnixTimestamp64Milli(max(at)) AS newest_ms
FROM quarantine
WHERE at > day_ago
GROUP BY reason
UNION ALL
SELECT
  'restatement' AS kind,
  reason,
  uniqExact(bucket) AS found,
  toUnixTimestamp64Milli(max(at)) AS newest_ms
FROM restatements
WHERE at > day_ago
GROUP BY reason
ORDER BY kind ASC, found DESC
LIMIT {limit:UInt32}
