-- Heat of racks over some published minutes: devices whose clocks heat or a power brake cut, and the margin that the
-- worst 5 % of devices keep to their own slowdown point.
SELECT
  cluster,
  hall,
  rack,
  any(own_vendor) AS vendor,
  count() AS devices,
  countIf(heat > 0) AS heat_devices,
  countIf(brake > 0) AS brake_devices,
  countIf(isNotNull(margin)) AS margin_devices,
  quantileExactOrNull(0.05)(margin) AS margin_p05,
  sum(lost_x1000) AS throttled_x1000
FROM
(
  SELECT
    l.cluster AS cluster,
    l.hall AS hall,
    l.rack AS rack,
    any(vendor) AS own_vendor,
    sum(throttled_heat_ms_x1000) AS heat,
    sum(throttled_power_ms_x1000) AS brake,
    sum(throttled_ms_x1000) AS lost_x1000,
    min(margin_min) AS margin
  FROM ledger_1m AS l
  WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND bucket < toDateTime({to_s:Int64}, 'UTC')
    AND (bucket, revision) IN (
      SELECT bucket, max(revision)
      FROM revisions
      WHERE resolution = '1m'
        AND bucket >= toDateTime({from_s:Int64}, 'UTC')
        AND bucket < toDateTime({to_s:Int64}, 'UTC')
      GROUP BY bucket
    )
  GROUP BY cluster, hall, rack, device_id
)
WHERE rack != ''
GROUP BY cluster, hall, rack
-- Racks in which nothing is near a limit are counted elsewhere.
HAVING heat_devices > 0 OR brake_devices > 0 OR margin_p05 < {margin_below:Float64}
ORDER BY heat_devices + brake_devices DESC, margin_p05
LIMIT {limit:UInt32}
