-- Above everything that was written for these buckets, published or left behind by a crash.
SELECT 1 + greatest(
  (
    SELECT max(revision) FROM meter_energy_15m
    WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  ),
  (
    SELECT max(revision) FROM facility_15m
    WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  ),
  (
    SELECT max(revision) FROM revisions
    WHERE resolution = '15m-meters'
      AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  )
) AS revision
