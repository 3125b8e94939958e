-- Forecasts made in [from, to), oldest first.
SELECT body
FROM forecasts FINAL
WHERE made_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND made_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY made_at, scope
