-- One page of the latest word on the targets that the filters leave: failed first, then stale, then the rest.
WITH
  at < fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC') AS is_stale
SELECT
  cluster,
  collector,
  source,
  target,
  node,
  toUnixTimestamp64Milli(at) AS at_ms,
  outcome,
  reason,
  detail,
  toUnixTimestamp64Milli(since) AS since_ms,
  ifNull(toUnixTimestamp64Milli(last_ok), 0) AS last_ok_ms,
  interval_ms,
  duration_ms,
  bytes,
  devices,
  readings,
  rejected,
  examples,
  fields,
  missing,
  vanished,
  tool,
  is_stale,
  count() OVER () AS total
FROM collection_targets FINAL
-- The last word of a target that was taken off its list (collector/health.ts).
WHERE reason != 'removed'
  AND (empty({clusters:Array(String)}) OR cluster IN {clusters:Array(String)})
  AND (empty({collectors:Array(String)}) OR collector IN {collectors:Array(String)})
  AND (empty({sources:Array(String)}) OR source IN {sources:Array(String)})
  AND (empty({nodes:Array(String)}) OR node IN {nodes:Array(String)})
  AND (empty({outcomes:Array(String)}) OR if(is_stale, 'stale', outcome) IN {outcomes:Array(String)})
  AND ({q:String} = ''
    OR positionCaseInsensitiveUTF8(node, {q:String}) > 0
    OR positionCaseInsensitiveUTF8(target, {q:String}) > 0)
  AND (NOT {troubled:UInt8}
    OR is_stale OR outcome = 'failed' OR notEmpty(missing) OR vanished NOT IN ('', '[]') OR notEmpty(rejected))
ORDER BY
  outcome = 'failed' DESC,
  is_stale DESC,
  cluster ASC, collector ASC, source ASC, target ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
