-- The published days within a window.
SELECT
  toUInt32(uniqExact(bucket)) AS days,
  toUnixTimestamp(min(bucket)) AS first_s,
  toUnixTimestamp(max(bucket)) AS last_s
FROM revisions
WHERE resolution = '1d'
  AND bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
