-- Devices, nodes and jobs by rack, as the ledger goes by them now.
SELECT
  toString(hall) AS in_hall,
  toString(rack) AS in_rack,
  uniqExact(device_id) AS devices,
  uniqExact((cluster, node)) AS nodes,
  arrayFilter(job -> job != '', groupUniqArray(s.job)) AS jobs
FROM device_spans AS s
WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
  AND from_ms <= {now_ms:Int64}
  AND to_ms > {now_ms:Int64}
GROUP BY hall, rack
