-- Changes whenever the tree may have.
SELECT count() AS rows, max(version) AS version, toUnixTimestamp64Milli(max(inserted_at)) AS inserted_ms FROM facility_rows
