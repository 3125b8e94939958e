-- How forecasts made in [from, to) turned out so far ahead, oldest first.
SELECT
  toUnixTimestamp64Milli(made_at) AS made_ms,
  scope,
  ahead_s,
  actual,
  pinball,
  error,
  persistence_error,
  last_week_error,
  inside
FROM forecast_scores FINAL
WHERE ahead_s = {ahead_s:UInt32}
  AND made_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND made_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY made_at, scope
