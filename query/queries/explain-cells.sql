-- Device-time of every node (and device, where asked), holder and busy source over a part of a window, from published minutes, hours or days. Names
-- that rarely tell groups apart are grouped by as one number: seven keys of text would cost as much as all else.
WITH
  '' AS none,
  toUInt8(1) AS always,
  toUInt64(0) AS nobody
SELECT
  -- Other names than the columns: filters mean those, and a shard knows sums by their columns.
  any(l.cluster) AS at_cluster,
  any(l.rack) AS at_rack,
  l.node AS at_node,
  toString({device:Identifier}) AS device,
  any(l.tenant) AS of_tenant,
  l.job AS of_job,
  l.busy_source AS source,
  l.allocation_source = 'none' AS is_unnamed,
  -- By place, as queries/explain.ts names them: thousands of rows would be names of columns for the most part. A double
  -- holds what a node of a thousand devices does in 35 days.
  [
    toFloat64(sum(l.capacity_ms)),
    toFloat64(sum(l.verification_ms)),
    toFloat64(sum(l.known_ms)),
    toFloat64(sum(l.busy_ms_x1000)),
    toFloat64(sum(l.failed_ms)),
    toFloat64(sum(l.drained_ms)),
    toFloat64(sum(l.unallocated_ms)),
    toFloat64(sum(l.busy_unallocated_ms_x1000)),
    -- Only minutes know whether they are quiet; of others what was idle for long.
    toFloat64(sum({idle_ms:Identifier} * {idle_if:Identifier})),
    toFloat64(sum({busy_idle_ms_x1000:Identifier} * {idle_if:Identifier})),
    toFloat64(sum(l.throttled_ms_x1000))
  ] AS sums
FROM {table:Identifier} AS l
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
  AND (bucket, revision) IN (
    SELECT bucket, max(revision)
    FROM revisions
    WHERE resolution = {resolution:String}
      AND bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY bucket
  )
  AND (empty({nodes:Array(String)}) OR node IN {nodes:Array(String)})
  -- Days of a zone that the site was in before lie across those of now: only the planned ones count.
  AND (empty({days_s:Array(UInt32)}) OR toUnixTimestamp(bucket) IN {days_s:Array(UInt32)})
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
GROUP BY {device:Identifier}, at_node, of_job, source, is_unnamed, cityHash64(l.cluster) + 3 * cityHash64(l.rack) + 7 * cityHash64(l.tenant)
