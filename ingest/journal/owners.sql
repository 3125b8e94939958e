-- The owners as the last entry that is mirrored has them.
SELECT body
FROM journal_entries
WHERE kind = 'owners'
ORDER BY sequence DESC
LIMIT 1
