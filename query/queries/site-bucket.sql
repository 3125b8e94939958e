-- The site's newest settled bucket of a while, and meters that any scope refused in it.
SELECT
  toUnixTimestamp(bucket) AS bucket_s,
  maxIf(total_mj, scope = 'site') AS site_total_mj,
  maxIf(it_mj, scope = 'site') AS site_it_mj,
  maxIf(cooling_mj, scope = 'site') AS site_cooling_mj,
  maxIf(distribution_mj, scope = 'site') AS site_distribution_mj,
  maxIf(other_mj, scope = 'site') AS site_other_mj,
  countIf(scope = 'site') AS has_site,
  arrayMap(name -> toString(name), groupUniqArrayArray(faulty)) AS refused
FROM facility_15m FINAL
WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
  AND bucket < toDateTime({to_s:Int64}, 'UTC')
GROUP BY bucket
ORDER BY bucket DESC
LIMIT 1
