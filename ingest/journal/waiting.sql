-- Parts of entries that name devices nobody has seen yet. Empty = found since.
SELECT sequence, toUnixTimestamp64Milli(at) AS at_ms, who, body
FROM journal_entries FINAL
WHERE kind = 'waiting' AND body != ''
ORDER BY sequence
