-- Every dated row of the facility, and when it was written.
SELECT kind, name, toUnixTimestamp64Milli(from_at) AS from_ms, row, toUnixTimestamp64Milli(inserted_at) AS inserted_ms
FROM facility_rows FINAL
ORDER BY kind, name, from_at
