-- Devices that count now in a place, by the newest open spans.
WITH
  '' AS none
SELECT uniqExact(device_id) AS devices
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
