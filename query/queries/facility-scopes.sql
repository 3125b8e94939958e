-- Scopes with settled energy, and how far it is settled.
SELECT
  toString(scope) AS scope,
  toUnixTimestamp(max(bucket)) AS last_s
FROM facility_15m
GROUP BY scope
ORDER BY scope
