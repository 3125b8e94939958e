-- Heat of racks in five-minute slots of published minutes, as alert-racks.sql has it for one: only what is near a limit.
SELECT
  slot,
  cluster,
  hall,
  rack,
  any(own_vendor) AS vendor,
  count() AS devices,
  countIf(heat > 0) AS heat_devices,
  countIf(brake > 0) AS brake_devices,
  quantileExactOrNull(0.05)(margin) AS margin_p05
FROM
(
  SELECT
    toUInt32(intDiv(toUnixTimestamp(bucket) - {from_s:Int64}, 300)) AS slot,
    l.cluster AS cluster,
    l.hall AS hall,
    l.rack AS rack,
    any(vendor) AS own_vendor,
    sum(throttled_heat_ms_x1000) AS heat,
    sum(throttled_power_ms_x1000) AS brake,
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
  GROUP BY slot, cluster, hall, rack, device_id
)
WHERE rack != ''
GROUP BY slot, cluster, hall, rack
HAVING heat_devices > 0 OR brake_devices > 0 OR margin_p05 < {margin_below:Float64}
ORDER BY slot, heat_devices + brake_devices DESC, margin_p05, cluster, hall, rack
LIMIT {limit:UInt32} BY slot
