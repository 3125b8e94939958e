-- What each meter carried in a bucket of the day before, in the middle; refused and partly known buckets apart.
SELECT meter, quantileExactLow(0.5)(energy_mj) AS usual_mj
FROM meter_energy_15m FINAL
WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64} - 86400000, 'UTC')
  AND bucket < fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND known_ms = 900000
  AND bitAnd(flags, {refused:UInt16}) = 0
GROUP BY meter
