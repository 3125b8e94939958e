-- What devices say they took, in the site's buckets whose IT side is complete; by whether the node gives any power at all.
SELECT
  countIf(node_spoken_ms = 0) AS silent_nodes,
  sum(node_energy_mj) AS energy_mj,
  sum(node_spoken_ms) AS spoken_ms,
  sum(node_capacity_ms) AS capacity_ms,
  sumIf(node_capacity_ms, node_spoken_ms = 0) AS silent_ms
FROM
(
  SELECT
    cluster,
    node,
    sum(e.energy_mj) AS node_energy_mj,
    sum(e.counter_ms + e.power_ms) AS node_spoken_ms,
    sum(e.capacity_ms) AS node_capacity_ms
  FROM energy_15m AS e
  WHERE e.bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND e.bucket < toDateTime({to_s:Int64}, 'UTC')
    AND (e.bucket, e.revision) IN (
      SELECT bucket, max(revision)
      FROM revisions
      WHERE resolution = '15m-energy'
        AND bucket >= toDateTime({from_s:Int64}, 'UTC')
        AND bucket < toDateTime({to_s:Int64}, 'UTC')
      GROUP BY bucket
    )
    AND e.bucket IN (
      SELECT bucket
      FROM facility_15m FINAL
      WHERE scope = 'site'
        AND bucket >= toDateTime({from_s:Int64}, 'UTC')
        AND bucket < toDateTime({to_s:Int64}, 'UTC')
        AND it_expected_ms > 0 AND it_known_ms >= it_expected_ms
        AND bitAnd(flags, 64) = 0
    )
  GROUP BY cluster, node
)
