-- The published hours and local days of a range.
SELECT
  resolution,
  groupUniqArray(toUnixTimestamp(bucket)) AS buckets_s
FROM revisions
WHERE resolution IN ('1h', '1d')
  AND bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
GROUP BY resolution
