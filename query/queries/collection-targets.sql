-- One page of the latest word on every target: failed first, then stale, then the rest.
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
  at < fromUnixTimestamp64Milli({now_ms:Int64} - 180000, 'UTC') AS is_stale
FROM collection_targets FINAL
-- The last word of a target that was taken off its list (collector/health.ts).
WHERE reason != 'removed'
ORDER BY
  outcome = 'failed' DESC,
  is_stale DESC,
  cluster ASC, collector ASC, source ASC, target ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
