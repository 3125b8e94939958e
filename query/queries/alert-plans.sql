-- Failures and drains that people entered for later, and how many devices of a scope each takes (by the newest open spans).
WITH
  '' AS none,
  own AS
  (
    SELECT DISTINCT device_id
    FROM device_spans
    WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
      AND from_ms <= {now_ms:Int64}
      AND to_ms > {now_ms:Int64}
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
  )
SELECT
  reason,
  toUnixTimestamp64Milli(from_at) AS from_ms,
  toUnixTimestamp64Milli(to_at) AS to_ms,
  uniqExact(device_id) AS devices
FROM intervals FINAL
WHERE kind IN ('failed', 'drained')
  AND from_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
  AND from_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
  AND to_at > from_at
  AND device_id IN (SELECT device_id FROM own)
GROUP BY reason, from_ms, to_ms
ORDER BY devices DESC, from_ms, reason
LIMIT {limit:UInt32}
