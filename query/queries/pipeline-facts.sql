-- What the store itself knows, whoever reports: the newest sample and how much was stored.
SELECT
  (SELECT toUnixTimestamp64Milli(max(ts)) FROM samples) AS newest_sample_ms,
  (
    SELECT toUnixTimestamp(max(bucket)) * 1000
    FROM revisions
    WHERE resolution = '1m'
  ) AS newest_minute_ms
