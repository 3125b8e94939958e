-- Places, nodes and holders as the ledger goes by them now (the newest open set of device_spans), and jobs that a scheduler
-- named and that ended within a week: what names are looked for among.
WITH
  stood AS
  (
    SELECT cluster, hall, rack, node, tenant, job, uniqExactState(device_id) AS held
    FROM device_spans
    WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
      AND from_ms <= {now_ms:Int64}
      AND to_ms > {now_ms:Int64}
    GROUP BY cluster, hall, rack, node, tenant, job
  ),
  standing AS
  (
    SELECT
      said.1 AS kind, said.2 AS name, said.3 AS cluster, said.4 AS hall, said.5 AS rack, said.6 AS tenant,
      uniqExactMerge(held) AS devices,
      toUInt64(0) AS device
    FROM
    (
      SELECT
        held,
        arrayJoin([
          ('cluster', toString(cluster), '', '', '', ''),
          ('hall', toString(hall), toString(cluster), '', '', ''),
          ('rack', toString(rack), toString(cluster), toString(hall), '', ''),
          ('node', toString(node), toString(cluster), toString(hall), toString(rack), ''),
          ('tenant', toString(tenant), '', '', '', ''),
          ('job', job, toString(cluster), '', '', toString(tenant))
        ]) AS said
      FROM stood
    )
    WHERE said.2 != ''
    GROUP BY kind, name, cluster, hall, rack, tenant
  ),
  ended AS
  (
    SELECT
      'job' AS kind, if(a.job = '', a.holder, a.job) AS name, any(d.at_cluster) AS cluster, '' AS hall, '' AS rack, toString(any(a.tenant)) AS tenant,
      toUInt64(0) AS devices,
      any(a.device_id) AS device
    FROM allocations AS a
    LEFT JOIN
    (
      SELECT device_id, toString(argMax(cluster, at)) AS at_cluster FROM devices GROUP BY device_id
    ) AS d ON d.device_id = a.device_id
    WHERE a.to_at > fromUnixTimestamp64Milli({now_ms:Int64} - 604800000, 'UTC')
      AND a.to_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
    GROUP BY name
    HAVING name != ''
  )
SELECT kind, name, cluster, hall, rack, tenant, devices, toString(device) AS device
FROM
(
  SELECT * FROM standing
  UNION ALL
  SELECT * FROM ended
)
-- What stands now before what has ended.
ORDER BY device, kind, name
LIMIT {names_max:UInt32}
