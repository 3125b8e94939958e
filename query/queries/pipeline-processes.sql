-- The last word of each process that stores and settles, and two facts that need none of them.
SELECT
  process,
  toUnixTimestamp64Milli(at) AS at_ms,
  report
FROM pipeline_processes FINAL
WHERE at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC') - INTERVAL 7 DAY
ORDER BY process ASC
LIMIT {limit:UInt32}
