-- What is stored (lost = 0) and what was given up (lost = 1) of every boot, as runs without a hole.
SELECT
  cluster,
  collector,
  boot,
  lost,
  min(first_seq) AS from_seq,
  max(last_seq) AS to_seq,
  toUnixTimestamp64Milli(max(inserted_at)) AS inserted_at_ms
FROM
(
  SELECT
    *,
    sum(begins) OVER (PARTITION BY cluster, collector, boot, lost ORDER BY first_seq) AS run
  FROM
  (
    SELECT
      cluster, collector, boot, lost, first_seq, last_seq, inserted_at,
      first_seq > 1 + lagInFrame(last_seq, 1, 0) OVER (
        PARTITION BY cluster, collector, boot, lost ORDER BY first_seq
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
      ) AS begins
    FROM batches
    WHERE inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  )
)
GROUP BY cluster, collector, boot, lost, run
