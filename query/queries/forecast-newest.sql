-- Newest forecast of each zone set that is about one scope, made from `from` on; dimension '' = the fleet.
SELECT body
FROM forecasts FINAL
WHERE made_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND if(
    {dimension:String} = '',
    length(JSONExtractKeys(toString(scope))) = 1,
    JSONExtractString(toString(scope), {dimension:String}) = {value:String}
  )
ORDER BY made_at DESC, scope
LIMIT 1 BY scope
LIMIT 16
