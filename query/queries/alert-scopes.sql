-- Values of one dimension in published group minutes, those with the most capacity first.
SELECT {key:Identifier} AS key_1
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
  AND {key:Identifier} != ''
GROUP BY key_1
ORDER BY sum(toInt64(capacity_ms)) DESC, key_1
LIMIT {limit:UInt32}
