-- Published buckets of energy: when they were read, and how far their bridged differences reach.
SELECT
  toUnixTimestamp(r.bucket) * 1000 AS bucket_ms,
  toUnixTimestamp64Milli(any(r.read_at)) AS as_of_ms,
  minIf(e.bridged_from_ms, e.bridged_to_ms > 0) AS bridged_from_ms,
  max(e.bridged_to_ms) AS bridged_to_ms
FROM
(
  SELECT bucket, max(revision) AS latest, argMax(as_of, revision) AS read_at
  FROM revisions
  WHERE resolution = '15m-energy'
    AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  GROUP BY bucket
) AS r
LEFT JOIN
(
  SELECT bucket, revision, bridged_from_ms, bridged_to_ms
  FROM energy_15m
  WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND bridged_to_ms > 0
) AS e ON e.bucket = r.bucket AND e.revision = r.latest
GROUP BY r.bucket
