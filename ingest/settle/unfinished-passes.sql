-- Passes that a process wrote down and did not live to add everywhere.
SELECT
  toInt64(toUnixTimestamp(pass_from)) * 1000 AS from_ms,
  toInt64(toUnixTimestamp(pass_to)) * 1000 AS to_ms,
  pass_revision AS revision
FROM ledger_moves
WHERE (pass_from, pass_revision) NOT IN
  (
    SELECT pass_from, pass_revision FROM ledger_passes
  )
GROUP BY pass_from, pass_to, pass_revision
ORDER BY max(made_at), pass_from
