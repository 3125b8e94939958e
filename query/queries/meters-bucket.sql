-- Energy of every meter in its newest settled bucket of a while.
SELECT
  toString(meter) AS meter_name,
  toUnixTimestamp(max(m.bucket)) AS bucket_s,
  argMax(energy_mj, (m.bucket, revision)) AS newest_mj,
  argMax(known_ms, (m.bucket, revision)) AS newest_known_ms,
  argMax(flags, (m.bucket, revision)) AS newest_flags
FROM meter_energy_15m AS m
WHERE m.bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND m.bucket < toDateTime({to_s:Int64}, 'UTC')
GROUP BY meter
