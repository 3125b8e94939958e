-- Makes a revision of every bucket of a range the one that readers see, in one block.
INSERT INTO revisions (resolution, bucket, revision, as_of, row_count, reason)
SELECT
  {resolution:String},
  b.bucket,
  {revision:UInt32},
  fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC'),
  r.row_count,
  {reason:String}
FROM
(
  SELECT toDateTime(arrayJoin(range(
    intDiv({from_ms:Int64}, 1000), intDiv({to_ms:Int64}, 1000), intDiv({step_ms:Int64}, 1000)
  )), 'UTC') AS bucket
) AS b
LEFT JOIN
(
  SELECT bucket, count() AS row_count
  FROM {ledger:Identifier}
  WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND revision = {revision:UInt32}
  GROUP BY bucket
) AS r ON r.bucket = b.bucket
