-- Energy of devices by up to four fields and by step: sums of the published quarter hours (migration 016).
WITH
  '' AS none
SELECT
  {k1:Identifier} AS key_1,
  {k2:Identifier} AS key_2,
  {k3:Identifier} AS key_3,
  {k4:Identifier} AS key_4,
  -- Step 0 = one figure over the window.
  if({step_s:Int64} = 0, toInt32(0), toInt32(intDiv(toUnixTimestamp(bucket) - {t0_s:Int64}, greatest(1, {step_s:Int64})))) AS slot,
  sum(capacity_ms) AS sum_capacity_ms,
  sum(energy_mj) AS sum_energy_mj,
  sum(counter_mj) AS sum_counter_mj,
  sum(counter_ms) AS sum_counter_ms,
  sum(power_mj) AS sum_power_mj,
  sum(power_ms) AS sum_power_ms,
  sum(bridged_mj) AS sum_bridged_mj,
  sum(both_counter_mj) AS sum_both_counter_mj,
  sum(both_power_mj) AS sum_both_power_mj,
  sum(resets) AS sum_resets,
  sum(rejected) AS sum_rejected
FROM energy_15m
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = '15m-energy'
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
GROUP BY key_1, key_2, key_3, key_4, slot
