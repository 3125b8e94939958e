-- What fleet-group-sums.sql sums (a test compares the two) and the nine states beside it, by up to seven fields: a file of
-- its own, because a question that asks for no states should not pay for their columns.
WITH
  '' AS none,
  toUInt64(0) AS zero,
  CAST(NULL, 'Nullable(Float32)') AS nothing
SELECT
  {k1:Identifier} AS key_1,
  {k2:Identifier} AS key_2,
  {k3:Identifier} AS key_3,
  {k4:Identifier} AS key_4,
  {k5:Identifier} AS key_5,
  {k6:Identifier} AS key_6,
  {k7:Identifier} AS key_7,
  -- Step 0 = one figure over the window; the constant costs no grouping.
  if({step_s:Int64} = 0, toUInt32(0), toUInt32(intDiv(toUnixTimestamp(bucket) - {t0_s:Int64}, greatest(1, {step_s:Int64})))) AS slot,
  if({by_source:UInt8}, busy_source, toUInt8(0)) AS source,
  sum(capacity_ms) AS sum_capacity_ms,
  sum(verification_ms) AS sum_verification_ms,
  sum(known_ms) AS sum_known_ms,
  sum(busy_ms_x1000) AS sum_busy_ms_x1000,
  sum({active_known:Identifier}) AS sum_active_known_ms,
  sum({active:Identifier}) AS sum_active_ms_x1000,
  sum({effective_known:Identifier}) AS sum_effective_known_ms,
  sum({effective:Identifier}) AS sum_effective_ms_x1000,
  sum({power_known:Identifier}) AS sum_power_known_ms,
  -- 50,000 devices at 700 W for a year are above 2^64 milliwatt milliseconds.
  sum(toUInt128({power:Identifier})) AS sum_power_mw_ms,
  sum({memory_known:Identifier}) AS sum_memory_known_ms,
  sum({memory:Identifier}) AS sum_memory_ms_x1000,
  sum({temperature_known:Identifier}) AS sum_temperature_known_ms,
  sum(failed_ms) AS sum_failed_ms,
  sum(drained_ms) AS sum_drained_ms,
  sum(unknown_ms) AS sum_unknown_ms,
  sum(unallocated_ms) AS sum_unallocated_ms,
  sum(idle_held_ms) AS sum_idle_held_ms,
  sum(throttled_ms_x1000) AS sum_throttled_ms_x1000,
  sum(throttled_heat_ms_x1000) AS sum_throttled_heat_ms_x1000,
  sum(throttled_power_ms_x1000) AS sum_throttled_power_ms_x1000,
  sum(inefficient_ms_x1000) AS sum_inefficient_ms_x1000,
  sum(inefficient_lost_ms_x1000) AS sum_inefficient_lost_ms_x1000,
  sum(productive_ms_x1000) AS sum_productive_ms_x1000,
  sum(busy_unallocated_ms_x1000) AS sum_busy_unallocated_ms_x1000,
  sum(busy_idle_held_ms_x1000) AS sum_busy_idle_held_ms_x1000,
  sum(busy_throttled_ms_x1000) AS sum_busy_throttled_ms_x1000,
  sum(busy_inefficient_ms_x1000) AS sum_busy_inefficient_ms_x1000,
  sum(allocated_known_ms) AS sum_allocated_known_ms,
  sum(allocated_ms) AS sum_allocated_ms,
  -- Serving capacity that waits: shown as reserve.
  sumIf(idle_held_ms, class = 'serving') AS sum_reserve_ms,
  sum(toInt128(power_unallocated_mw_ms)) AS sum_power_unallocated_mw_ms,
  sum(toInt128(power_idle_held_mw_ms)) AS sum_power_idle_held_mw_ms,
  max({temperature:Identifier}) AS max_temperature_celsius,
  -- Of all rows of a group and step, whatever their source.
  toUnixTimestamp(min(min(bucket)) OVER alike) AS first_bucket_s,
  toUnixTimestamp(max(max(bucket)) OVER alike) AS last_bucket_s,
  groupBitmapMerge(groupBitmapState(toUInt32(intDiv(toUInt32({power_bucket:Identifier}), 60)))) OVER alike AS buckets
FROM ledger_1m_group
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND NOT (bucket >= toDateTime({hole_from_s:Int64}, 'UTC') AND bucket < toDateTime({hole_to_s:Int64}, 'UTC'))
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = {resolution:String}
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
      AND NOT (bucket >= toDateTime({hole_from_s:Int64}, 'UTC') AND bucket < toDateTime({hole_to_s:Int64}, 'UTC'))
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
GROUP BY key_1, key_2, key_3, key_4, key_5, key_6, key_7, slot, source
WINDOW alike AS (PARTITION BY key_1, key_2, key_3, key_4, key_5, key_6, key_7, slot)
