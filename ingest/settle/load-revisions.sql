-- The published revision of every bucket: when what it was made of was read.
SELECT
  resolution,
  toUnixTimestamp(bucket) * 1000 AS bucket_ms,
  toUnixTimestamp64Milli(argMax(as_of, revision)) AS as_of_ms
FROM revisions
WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
GROUP BY resolution, bucket
ORDER BY resolution, bucket
