-- Which metrics the answering targets of each source, or node, give, should give and gave before. A target that
-- failed or fell silent gives nothing now; lines of target lists are no targets.
WITH
  outcome = 'ok' AND at >= fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC') AS answers
SELECT
  {key:Identifier} AS key,
  countIf(answers) AS targets,
  countIf(NOT answers) AS silent_targets,
  sumIf(toUInt64(devices), answers) AS devices,
  sumMapIf(mapKeys(fields), arrayMap(n -> toUInt64(n), mapValues(fields)), answers) AS field_devices,
  sumMapIf(mapKeys(fields), arrayMap(n -> toUInt64(1), mapKeys(fields)), answers) AS field_targets,
  sumMapIf(missing, arrayMap(m -> toUInt64(1), missing), answers) AS field_missing,
  sumMapIf(
    arrayMap(v -> JSONExtractString(v, 'metric'), JSONExtractArrayRaw(vanished)),
    arrayMap(v -> toUInt64(1), JSONExtractArrayRaw(vanished)),
    answers
  ) AS field_vanished,
  count() OVER () AS total
FROM collection_targets FINAL
-- The last word of a target that was taken off its list (collector/health.ts).
WHERE reason != 'removed'
  AND interval_ms > 0
  AND (empty({sources:Array(String)}) OR source IN {sources:Array(String)})
  AND (empty({clusters:Array(String)}) OR cluster IN {clusters:Array(String)})
  AND (empty({nodes:Array(String)}) OR node IN {nodes:Array(String)})
GROUP BY key
ORDER BY key ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
