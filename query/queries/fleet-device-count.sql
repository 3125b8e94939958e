-- Distinct devices with capacity in the window, by what they were while they had it. A change counts
-- from the minute it happened in, as in device_minutes. Of two rows of one moment the first is valid for
-- no time at all, so FINAL is not needed. Of what a device was before the window only the last counts.
WITH
  '' AS none,
  spans AS
  (
    SELECT
      device_id, cluster, hall, rack, pool, node, vendor, model, tenant, job, class,
      intDiv(toUnixTimestamp64Milli(at), 60000) * 60000 AS valid_from_ms,
      intDiv(toUnixTimestamp64Milli(leadInFrame(at, 1, toDateTime64('2100-01-01 00:00:00', 3, 'UTC')) OVER (
        PARTITION BY device_id ORDER BY at, log_position ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
      )), 60000) * 60000 AS valid_to_ms
    FROM devices
    WHERE at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND
      (
        at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        OR (device_id, at) IN
        (
          SELECT device_id, max(at)
          FROM devices
          WHERE at < fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
          GROUP BY device_id
        )
      )
  ),
  capacity AS
  (
    SELECT
      device_id,
      toUnixTimestamp64Milli(from_at) AS capacity_from_ms,
      toUnixTimestamp64Milli(to_at) AS capacity_to_ms
    FROM intervals FINAL
    WHERE kind = 'capacity'
      AND to_at > from_at
      AND from_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  )
SELECT
  [{k1:Identifier} AS key_1, {k2:Identifier} AS key_2, {k3:Identifier} AS key_3, {k4:Identifier} AS key_4] AS keys,
  toUInt32(uniqExact(spans.device_id)) AS devices
FROM spans
INNER JOIN capacity ON capacity.device_id = spans.device_id
WHERE greatest(valid_from_ms, capacity_from_ms, {from_ms:Int64})
    < least(valid_to_ms, capacity_to_ms, {to_ms:Int64})
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
GROUP BY key_1, key_2, key_3, key_4
