-- Largest change of the metered power of the site from one minute to the next, of minutes in which all of its topmost
-- meters speak; the first of equals.
SELECT
  toUnixTimestamp(minute) AS at_s,
  before_watts AS from_watts,
  watts AS to_watts
FROM
(
  SELECT
    minute,
    watts,
    lagInFrame(watts, 1, 0.) OVER neighbours AS before_watts,
    lagInFrame(minute, 1, toDateTime(0, 'UTC')) OVER neighbours AS before
  FROM
  (
    SELECT minute, sum(mean_watts) AS watts
    FROM
    (
      SELECT toStartOfMinute(ts) AS minute, meter, avg(assumeNotNull(value)) AS mean_watts
      FROM samples_meter
      WHERE meter IN {meters:Array(String)}
        AND metric = 'power_watts'
        AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        AND isNotNull(value)
      GROUP BY minute, meter
    )
    GROUP BY minute
    HAVING count() = length({meters:Array(String)})
  )
  WINDOW neighbours AS (ORDER BY minute ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE toUnixTimestamp(minute) - toUnixTimestamp(before) = 60
ORDER BY abs(watts - before_watts) DESC, minute
LIMIT 1
