-- Up to where the journal is mirrored, and what that entry said: its row here is written last.
SELECT sequence, body
FROM journal_entries
WHERE kind != 'waiting'
ORDER BY sequence DESC
LIMIT 1
