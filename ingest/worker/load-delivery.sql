-- What is stored (lost = 0) and what was given up (lost = 1) of every boot, as runs without a hole: from
-- `batches`, and from the runs that remain of its removed rows. A range may lie inside another one.
SELECT
  cluster,
  collector,
  boot,
  lost,
  min(first_seq) AS from_seq,
  max(last_seq) AS to_seq,
  toUnixTimestamp64Milli(max(heard_at)) AS heard_at_ms,
  max(is_detail) AS has_details
FROM
(
  SELECT
    *,
    sum(begins) OVER (PARTITION BY cluster, collector, boot, lost ORDER BY first_seq) AS run
  FROM
  (
    SELECT
      *,
      first_seq > 1 + max(last_seq) OVER (
        PARTITION BY cluster, collector, boot, lost ORDER BY first_seq
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS begins
    FROM
    (
      SELECT
        toString(cluster) AS cluster, toString(collector) AS collector, toString(boot) AS boot, lost,
        first_seq, last_seq, inserted_at AS heard_at, 1 AS is_detail
      FROM batches
      WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND collector >= {first_collector:String} AND collector <= {last_collector:String}
      UNION ALL
      SELECT
        toString(cluster) AS cluster, toString(collector) AS collector, toString(boot) AS boot, lost,
        first_seq, last_seq, heard_at, 0 AS is_detail
      FROM batch_runs
      WHERE heard_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND collector >= {first_collector:String} AND collector <= {last_collector:String}
    )
  )
)
GROUP BY cluster, collector, boot, lost, run
