-- What the ledger's check of itself found broken, by the newest report of the process that found most.
SELECT
  toUInt32(max(groups)) AS broken,
  argMax(example, groups) AS example
FROM
(
  SELECT
    JSONExtractUInt(report, 'settle', 'ledger', 'broken_groups') AS groups,
    JSONExtractString(report, 'settle', 'ledger', 'example') AS example
  FROM pipeline_processes FINAL
  WHERE at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
)
