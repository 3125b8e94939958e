-- What has been settled: the first and the last published minute.
SELECT
  count() AS minute_rows,
  toUnixTimestamp(min(bucket)) * 1000 AS first_minute_ms,
  toUnixTimestamp(max(bucket)) * 1000 AS last_minute_ms
FROM revisions
WHERE resolution = '1m'
