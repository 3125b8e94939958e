-- Buckets of the ledger that were published since a moment, and those that became final: the oldest publication first.
SELECT
  resolution,
  toUInt32(toUnixTimestamp(bucket)) AS bucket_s,
  toUnixTimestamp64Milli(max(as_of)) AS as_of_ms,
  argMax(row_count, revision) AS row_count
FROM revisions
WHERE resolution IN ('1m', '1h', '1d')
  AND bucket >= fromUnixTimestamp64Milli({earliest_ms:Int64}, 'UTC')
GROUP BY resolution, bucket
HAVING as_of_ms >= {since_ms:Int64}
  OR (toInt64(bucket_s) * 1000 >= {final_from_ms:Int64} AND toInt64(bucket_s) * 1000 < {final_to_ms:Int64})
ORDER BY as_of_ms, resolution, bucket_s
LIMIT {limit:UInt32}
