-- Integer sums of published group minutes by up to four fields and by step.
-- An unused key is bound to the constant named none, a column nobody asked for to zero or nothing:
-- reading columns is what this costs. Filters have five places, each a field and what it may be.
WITH
  '' AS none,
  toUInt64(0) AS zero,
  CAST(NULL, 'Nullable(Float32)') AS nothing
SELECT
  [{k1:Identifier} AS key_1, {k2:Identifier} AS key_2, {k3:Identifier} AS key_3, {k4:Identifier} AS key_4] AS keys,
  -- Step 0 = one figure over the window; the constant costs no grouping.
  if({step_s:Int64} = 0, toUInt32(0), toUInt32(intDiv(toUnixTimestamp(bucket) - {t0_s:Int64}, greatest(1, {step_s:Int64})))) AS slot,
  if({by_source:UInt8}, busy_source, toUInt8(0)) AS source,
  -- By place, as queries/fleet-sums.ts names them: thousands of rows would be names of columns for the most part. As
  -- doubles, which JSON has without quotes; those that no double holds for certain are told as text beside it, in order.
  arrayMap(x -> toFloat64(x),
    [
      toInt128(sum(capacity_ms)),
      toInt128(sum(verification_ms)),
      toInt128(sum(known_ms)),
      toInt128(sum(busy_ms_x1000)),
      toInt128(sum({active_known:Identifier})),
      toInt128(sum({active:Identifier})),
      toInt128(sum({effective_known:Identifier})),
      toInt128(sum({effective:Identifier})),
      toInt128(sum({power_known:Identifier})),
      -- 50,000 devices at 700 W for a year are above 2^64 milliwatt milliseconds.
      toInt128(sum(toUInt128({power:Identifier}))),
      toInt128(sum({memory_known:Identifier})),
      toInt128(sum({memory:Identifier})),
      toInt128(sum({temperature_known:Identifier}))
    ] AS exact) AS sums,
  arrayMap(x -> toString(x), arrayFilter(x -> abs(toFloat64(x)) >= 9007199254740992, exact)) AS wide,
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
GROUP BY key_1, key_2, key_3, key_4, slot, source
WINDOW alike AS (PARTITION BY key_1, key_2, key_3, key_4, slot)
