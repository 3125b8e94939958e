-- Passes that a process wrote down and did not live to add everywhere. One whose minutes were published under a later
-- revision was given up before its moves appeared, and what it would add was found again since.
SELECT
  toInt64(toUnixTimestamp(m.pass_from)) * 1000 AS from_ms,
  toInt64(toUnixTimestamp(m.pass_to)) * 1000 AS to_ms,
  m.pass_revision AS revision
FROM ledger_moves AS m
LEFT JOIN
(
  SELECT bucket, max(revision) AS published
  FROM revisions
  WHERE resolution = '1m'
    AND bucket IN (SELECT pass_from FROM ledger_moves)
  GROUP BY bucket
) AS r ON r.bucket = m.pass_from
WHERE (m.pass_from, m.pass_revision) NOT IN
  (
    SELECT pass_from, pass_revision FROM ledger_passes
  )
  AND r.published < m.pass_revision
GROUP BY m.pass_from, m.pass_to, m.pass_revision
ORDER BY max(m.made_at), m.pass_from
