-- When what a bucket was made of was read, and up to when everything that was stored late is settled (bucket 0).
SELECT resolution, toUnixTimestamp(bucket) * 1000 AS from_ms, toUnixTimestamp64Milli(max(as_of)) AS as_of_ms
FROM revisions
WHERE resolution IN ('15m-meters', '15m-meters-seen')
GROUP BY resolution, bucket
