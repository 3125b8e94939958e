-- Who holds some devices, of intervals that begin within a window.
SELECT
  device_id,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  source,
  holder,
  job,
  tenant,
  account,
  class,
  billing,
  confidence,
  share_ppm,
  version
FROM allocations FINAL
WHERE device_id IN (SELECT arrayJoin(arrayMap(id -> toUInt64(id), {ids:Array(String)})))
  AND from_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND from_at <= fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC')
