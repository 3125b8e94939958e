-- What a new revision changes, for minutes that readers have seen before. Written before it is published:
-- a record whose revision never appears in `revisions` belongs to an attempt that was cut short.
INSERT INTO restatements
(
  at, bucket, revision, reason,
  old_known_ms, new_known_ms, old_busy_ms_x1000, new_busy_ms_x1000
)
SELECT
  fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC'),
  g.bucket,
  {revision:UInt32},
  {reason:String},
  sumIf(g.known_ms, g.revision = o.revision),
  sumIf(g.known_ms, g.revision = {revision:UInt32}),
  sumIf(g.busy_ms_x1000, g.revision = o.revision),
  sumIf(g.busy_ms_x1000, g.revision = {revision:UInt32})
FROM ledger_1m_group AS g
INNER JOIN
(
  SELECT bucket, max(revision) AS revision
  FROM revisions
  WHERE resolution = '1m'
    AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  GROUP BY bucket
) AS o ON o.bucket = g.bucket
WHERE g.bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND g.bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND (g.revision = o.revision OR g.revision = {revision:UInt32})
GROUP BY g.bucket
