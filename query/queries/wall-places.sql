-- What the ledger counts now, by node: the devices of each in the order of their slots, what fixes their state (the newest open
-- set of device_spans), and whether somebody holds them. A row per node and kind: lists cost a tenth of rows.
SELECT
  cluster,
  hall,
  rack,
  node,
  vendor,
  model,
  pool,
  -- Sorted by slot; a device that nobody gave one stands last.
  arraySort(groupArray(
    (
      toUInt32(if(slot < 0, 1000000, slot)),
      toString(device_id),
      standing,
      held,
      told,
      reference
    )
  )) AS devices
FROM
(
  SELECT
    device_id,
    any(s.cluster) AS cluster,
    any(s.hall) AS hall,
    any(s.rack) AS rack,
    any(s.node) AS node,
    any(s.vendor) AS vendor,
    any(s.model) AS model,
    any(s.pool) AS pool,
    any(s.state) AS standing,
    -- One held part makes a shared device held.
    max(s.is_held) AS held,
    max(s.allocation_source != 'none') AS told,
    max(s.reference_ppm) AS reference
  FROM device_spans AS s
  WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
    AND from_ms <= {now_ms:Int64}
    AND to_ms > {now_ms:Int64}
  GROUP BY device_id
) AS counted
LEFT JOIN
(
  SELECT device_id, argMax(device_index, (at, log_position)) AS slot
  FROM devices
  GROUP BY device_id
) AS told_slots USING (device_id)
GROUP BY cluster, hall, rack, node, vendor, model, pool
