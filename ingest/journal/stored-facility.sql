-- Rows of the facility of these names, as they count now.
SELECT kind, name, toUnixTimestamp64Milli(from_at) AS from_ms, row, version
FROM facility_rows FINAL
WHERE name IN {names:Array(String)}
