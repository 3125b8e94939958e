-- Energy of scopes as it stands.
SELECT
  toUnixTimestamp(bucket) * 1000 AS from_ms,
  scope, category,
  total_mj, total_known_ms, total_expected_ms,
  it_mj, it_known_ms, it_expected_ms,
  cooling_mj, distribution_mj, other_mj,
  estimated_ms, flags, faulty
FROM facility_15m FINAL
WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
