-- Devices whose memory, links or repairs say something now, out of the samples of some minutes. Counters are what they
-- rose by: a reset is no rise.
WITH
  bad AS
  (
    SELECT
      device_id,
      greatest(0, ifNull(argMax(ecc_uncorrected_total, ts) - argMin(ecc_uncorrected_total, ts), 0)) AS ecc_uncorrected,
      greatest(0, ifNull(argMax(ecc_corrected_total, ts) - argMin(ecc_corrected_total, ts), 0)) AS ecc_corrected,
      greatest(0, ifNull(argMax(scaleup_errors_total, ts) - argMin(scaleup_errors_total, ts), 0)) AS link_errors,
      greatest(0, ifNull(argMax(network_link_ups_total, ts) - argMin(network_link_ups_total, ts), 0)) AS network_flaps,
      ifNull(argMax(row_remap_failed, ts), 0) AS remap_failed,
      greatest(ifNull(argMax(row_remap_pending, ts), 0), ifNull(argMax(retired_pages_pending, ts), 0)) AS repair_pending,
      ifNull(argMax(scaleup_links_down, ts), 0) AS links_down,
      toUInt8(ifNull(argMax(network_link_up, ts), 1) = 0) AS network_down,
      toUInt8(max(bitAnd(flags, 1)) = 1) AS clock_corrected
    FROM samples
    WHERE ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
      AND ts < fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
    GROUP BY device_id
    HAVING ecc_uncorrected > 0 OR ecc_corrected > 0 OR link_errors > 0 OR network_flaps > 0 OR remap_failed > 0
      OR repair_pending > 0 OR links_down > 0 OR network_down > 0 OR clock_corrected > 0
    LIMIT {limit:UInt32}
  )
SELECT
  toString(b.device_id) AS device,
  cluster,
  hall,
  rack,
  node,
  vendor,
  job,
  tenant,
  ecc_uncorrected,
  ecc_corrected,
  link_errors,
  network_flaps,
  remap_failed,
  repair_pending,
  links_down,
  network_down,
  clock_corrected
FROM bad AS b
INNER JOIN
(
  SELECT device_id, cluster, hall, rack, node, vendor, job, tenant
  FROM device_spans
  WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
  ORDER BY device_id, is_held DESC
  LIMIT 1 BY device_id
) AS s ON s.device_id = b.device_id
ORDER BY cluster, node, device
