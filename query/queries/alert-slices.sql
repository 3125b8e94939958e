-- Five-minute slices of published group minutes by one dimension and by busy source, in whole device-ms.
WITH
  '' AS none
SELECT
  {key:Identifier} AS key_1,
  toUInt32(intDiv(toUnixTimestamp(bucket) - {from_s:Int64}, 300)) AS slot,
  busy_source AS source,
  sum(toInt64(capacity_ms) - toInt64(verification_ms)) AS base_ms,
  sum({known:Identifier}) AS known_time_ms,
  sum(toInt64({busy:Identifier})) * {busy_times:Int64} AS busy_time_ms_x1000
FROM ledger_1m_group
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '1m'
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
  AND (empty({only:Array(String)}) OR {key:Identifier} IN {only:Array(String)})
GROUP BY key_1, slot, source
ORDER BY key_1, slot
