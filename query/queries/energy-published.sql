-- Which quarter hours of energy are settled: the end of the last one, and how many of a window.
SELECT
  count() AS revision_rows,
  toUnixTimestamp(max(bucket)) AS last_bucket_s,
  uniqExactIf(bucket, bucket >= toDateTime({from_s:Int64}, 'UTC') AND bucket < toDateTime({to_s:Int64}, 'UTC')) AS settled_buckets
FROM revisions
WHERE resolution = '15m-energy'
