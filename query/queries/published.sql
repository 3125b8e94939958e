-- What has been settled: the ends of the minutes, and the published hours and local days of a window.
SELECT
  count() AS minute_rows,
  toUnixTimestamp(min(bucket)) * 1000 AS first_minute_ms,
  toUnixTimestamp(max(bucket)) * 1000 AS last_minute_ms,
  (
    SELECT groupUniqArray(toUnixTimestamp(bucket))
    FROM revisions
    WHERE resolution = '1h'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
  ) AS hours_s,
  (
    SELECT groupUniqArray(toUnixTimestamp(bucket))
    FROM revisions
    WHERE resolution = '1d'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
  ) AS days_s
FROM revisions
WHERE resolution = '1m'
