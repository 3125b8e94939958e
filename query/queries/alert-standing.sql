-- Where devices stand and who holds them now (the newest open set of device_spans), and how many devices their jobs hold.
WITH
  (SELECT max(set_id) FROM span_sets WHERE is_open = 1) AS set_now,
  own AS
  (
    SELECT *
    FROM device_spans
    WHERE set_id = set_now
      AND from_ms <= {now_ms:Int64}
      AND to_ms > {now_ms:Int64}
      AND device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
    ORDER BY device_id, is_held DESC, part_to - part_from DESC
    LIMIT 1 BY device_id
  )
SELECT
  toString(o.device_id) AS id,
  o.cluster AS cluster,
  o.hall AS hall,
  o.rack AS rack,
  o.pool AS pool,
  o.node AS node,
  o.vendor AS vendor,
  o.model AS model,
  o.tenant AS tenant,
  o.job AS job,
  o.class AS class,
  j.job_devices AS job_devices
FROM own AS o
LEFT JOIN
(
  SELECT cluster, tenant, job, uniqExact(device_id) AS job_devices
  FROM device_spans
  WHERE set_id = set_now
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
    AND job != ''
    AND job IN (SELECT job FROM own)
  GROUP BY cluster, tenant, job
) AS j ON j.cluster = o.cluster AND j.tenant = o.tenant AND j.job = o.job
