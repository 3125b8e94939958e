-- Devices of a group by the source that spoke for most of their known time over some settled minutes.
WITH
  '' AS none,
  minutes AS
  (
    SELECT
      device_id,
      argMax(busy_source, known_ms) AS source,
      sum(capacity_ms) AS capacity
    FROM ledger_1m
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
      AND (empty({f1_in:Array(String)}) OR {f1:Identifier} IN {f1_in:Array(String)})
      AND {f1:Identifier} NOT IN {f1_not:Array(String)}
      AND (empty({f1_prefix:Array(String)}) OR arrayAll(p -> startsWith({f1:Identifier}, p), {f1_prefix:Array(String)}))
      AND (empty({f2_in:Array(String)}) OR {f2:Identifier} IN {f2_in:Array(String)})
      AND {f2:Identifier} NOT IN {f2_not:Array(String)}
      AND (empty({f2_prefix:Array(String)}) OR arrayAll(p -> startsWith({f2:Identifier}, p), {f2_prefix:Array(String)}))
      AND (empty({f3_in:Array(String)}) OR {f3:Identifier} IN {f3_in:Array(String)})
      AND {f3:Identifier} NOT IN {f3_not:Array(String)}
      AND (empty({f3_prefix:Array(String)}) OR arrayAll(p -> startsWith({f3:Identifier}, p), {f3_prefix:Array(String)}))
      AND (empty({f4_in:Array(String)}) OR {f4:Identifier} IN {f4_in:Array(String)})
      AND {f4:Identifier} NOT IN {f4_not:Array(String)}
      AND (empty({f4_prefix:Array(String)}) OR arrayAll(p -> startsWith({f4:Identifier}, p), {f4_prefix:Array(String)}))
      AND (empty({f5_in:Array(String)}) OR {f5:Identifier} IN {f5_in:Array(String)})
      AND {f5:Identifier} NOT IN {f5_not:Array(String)}
      AND (empty({f5_prefix:Array(String)}) OR arrayAll(p -> startsWith({f5:Identifier}, p), {f5_prefix:Array(String)}))
    GROUP BY device_id
  )
SELECT
  toUInt8(source) AS busy_source,
  toUInt32(count()) AS devices
FROM minutes
WHERE capacity > 0
GROUP BY busy_source
