-- Whose sequences are to be loaded, with the rows that takes, in the order of the key.
SELECT collector, sum(n) AS rows
FROM
(
  SELECT toString(collector) AS collector, count() AS n
  FROM batches
  WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  GROUP BY collector
  UNION ALL
  SELECT toString(collector) AS collector, count() AS n
  FROM batch_runs
  WHERE heard_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  GROUP BY collector
)
GROUP BY collector
ORDER BY collector
