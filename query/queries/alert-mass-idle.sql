-- Of the devices that were busy: how many went idle and how many did not, by what they have in common. `name` empty = all.
WITH
  moved AS
  (
    SELECT
      device_id,
      any(l.cluster) AS cluster,
      any(l.hall) AS hall,
      any(l.rack) AS rack,
      any(l.pool) AS pool,
      any(l.node) AS node,
      any(l.vendor) AS vendor,
      any(l.model) AS model,
      anyIf(l.tenant, l.tenant != '') AS tenant,
      anyIf(l.job, l.job != '') AS job,
      anyIf(l.class, l.class != '') AS class,
      sumIf(busy_ms_x1000, bucket >= toDateTime({now_s:Int64}, 'UTC')) < 50 * sumIf(known_ms, bucket >= toDateTime({now_s:Int64}, 'UTC')) AS is_idle
    FROM ledger_1m AS l
    WHERE ((bucket >= toDateTime({before_from_s:Int64}, 'UTC') AND bucket < toDateTime({before_to_s:Int64}, 'UTC'))
        OR (bucket >= toDateTime({now_s:Int64}, 'UTC') AND bucket < toDateTime({to_s:Int64}, 'UTC')))
      AND (bucket, revision) IN (
        SELECT bucket, max(revision)
        FROM revisions
        WHERE resolution = '1m'
          AND bucket >= toDateTime({before_from_s:Int64}, 'UTC')
          AND bucket < toDateTime({to_s:Int64}, 'UTC')
        GROUP BY bucket
      )
    GROUP BY device_id
    -- Busy before, and known in both: silence is not idleness.
    HAVING sumIf(busy_ms_x1000, bucket < toDateTime({before_to_s:Int64}, 'UTC')) >= 500 * sumIf(known_ms, bucket < toDateTime({before_to_s:Int64}, 'UTC'))
      AND sumIf(known_ms, bucket < toDateTime({before_to_s:Int64}, 'UTC')) > 0
      AND sumIf(known_ms, bucket >= toDateTime({now_s:Int64}, 'UTC')) > 0
  ),
  described AS
  (
    SELECT device_id, argMax(container, at) AS container, argMax(labels, at) AS labels
    FROM devices
    GROUP BY device_id
  ),
  facts AS
  (
    SELECT cluster, node, name, argMax(value, at) AS value
    FROM node_facts
    WHERE device_id = 0 AND name IN ('driver_version', 'firmware_version', 'cuda_version', 'cann_version')
    GROUP BY cluster, node, name
  ),
  facts_of AS
  (
    SELECT cluster, node, groupArray((toString(name), value)) AS told
    FROM facts
    GROUP BY cluster, node
  )
SELECT
  pair.1 AS name,
  pair.2 AS value,
  countIf(is_idle) AS went,
  countIf(NOT is_idle) AS stayed
FROM moved AS m
LEFT JOIN described AS d ON d.device_id = m.device_id
LEFT JOIN facts_of AS f ON f.cluster = m.cluster AND f.node = m.node
ARRAY JOIN arrayDistinct(arrayConcat(
  [('', ''), ('cluster', toString(m.cluster)), ('hall', toString(m.hall)), ('rack', toString(m.rack)), ('pool', toString(m.pool)),
   ('vendor', toString(m.vendor)), ('model', toString(m.model)), ('tenant', toString(m.tenant)), ('job', m.job),
   ('class', toString(m.class)), ('container', d.container)],
  f.told,
  arrayMap(label -> (label.1, label.2), CAST(mapFilter((k, v) -> k IN ('driver', 'driver_version', 'image', 'launcher', 'switch', 'storage', 'loop'), d.labels), 'Array(Tuple(String, String))'))
)) AS pair
WHERE name = '' OR value != ''
GROUP BY name, value
HAVING name = '' OR went > 0
ORDER BY went DESC
LIMIT {limit:UInt32}
