-- By vendor: devices, nodes and holders in capacity, and how many devices give each of the metrics that rules go by.
SELECT
  vendor,
  count() AS devices,
  uniqExact(cluster, node) AS nodes,
  uniqExactIf((cluster, hall, rack), rack != '') AS racks,
  uniqExactIf((cluster, tenant, job), job != '') AS jobs,
  countIf(has_ecc) AS ecc,
  countIf(has_remap) AS remap,
  countIf(has_link) AS link,
  countIf(has_network) AS network,
  countIf(has_clock) AS clock,
  countIf(has_margin) AS margin,
  countIf(has_power) AS power
FROM
(
  SELECT device_id, vendor, cluster, hall, rack, node, tenant, job
  FROM device_spans
  WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
  ORDER BY device_id, is_held DESC
  LIMIT 1 BY device_id
) AS s
LEFT JOIN
(
  SELECT
    device_id,
    max(isNotNull(ecc_uncorrected_total)) AS has_ecc,
    max(isNotNull(row_remap_failed) OR isNotNull(row_remap_pending) OR isNotNull(retired_pages_pending)) AS has_remap,
    max(isNotNull(scaleup_errors_total) OR isNotNull(scaleup_links_down)) AS has_link,
    max(isNotNull(network_link_up)) AS has_network,
    max(isNotNull(clock_event_reasons) OR isNotNull(sm_clock_max_hertz)) AS has_clock,
    max(isNotNull(temperature_margin_celsius)) AS has_margin,
    max(isNotNull(power_watts)) AS has_power
  FROM samples
  WHERE ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND ts < fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
  GROUP BY device_id
) AS m ON m.device_id = s.device_id
GROUP BY vendor
