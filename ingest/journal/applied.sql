-- Up to where the journal is mirrored: its row here is written last.
SELECT max(sequence) AS sequence
FROM journal_entries
WHERE kind != 'waiting'
