-- Targets counted by up to two fields; an unused one is bound to the constant named none.
WITH
  '' AS none,
  at < fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC') AS is_stale
SELECT
  {k1:Identifier} AS key_1,
  {k2:Identifier} AS key_2,
  count() AS targets,
  countIf(NOT is_stale AND outcome = 'ok') AS ok,
  countIf(NOT is_stale AND outcome = 'absent') AS absent,
  countIf(NOT is_stale AND outcome = 'failed') AS failed,
  countIf(is_stale) AS stale,
  sumIf(toUInt64(devices), NOT is_stale AND outcome = 'ok') AS devices,
  sum(arraySum(mapValues(rejected))) AS rejected,
  countIf(notEmpty(missing)) AS with_missing,
  countIf(vanished NOT IN ('', '[]')) AS with_vanished
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
GROUP BY key_1, key_2
ORDER BY failed + stale DESC, with_vanished DESC, with_missing DESC, targets DESC, key_1 ASC, key_2 ASC
LIMIT {limit:UInt32}
