-- What the ledger goes by for some devices now: state and holders (the newest open set of device_spans), and of those that
-- give no work what was entered of it. Findings that make a device failed without an entry are in device-faults.sql.
WITH
  entered AS
  (
    SELECT
      device_id,
      toString(kind) AS of_kind,
      argMax(toUnixTimestamp64Milli(from_at), from_at) AS entered_ms,
      argMax(toString(reason), from_at) AS entered_reason,
      argMax(detail, from_at) AS entered_detail
    FROM intervals FINAL
    WHERE kind IN ('failed', 'drained', 'verification')
      AND device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
      AND from_at <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
      AND to_at > fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
    GROUP BY device_id, of_kind
  )
SELECT
  toString(s.device_id) AS id,
  multiIf(
    state = 1, 'failed',
    state = 2, 'drained',
    state = 3, 'verification',
    is_held = 1, 'held',
    allocation_source != 'none', 'free',
    'untold'
  ) AS ledger_state,
  is_held,
  part_to - part_from AS part_ppm,
  tenant,
  job,
  class,
  allocation_source,
  billing,
  e.entered_ms AS since_ms,
  e.entered_reason AS reason,
  JSONExtractString(e.entered_detail, 'ticket') AS ticket,
  JSONExtractString(e.entered_detail, 'waiting_on') AS waiting_on,
  JSONExtractInt(e.entered_detail, 'eta_ms') AS eta_ms
FROM device_spans AS s
LEFT JOIN entered AS e ON e.device_id = s.device_id AND e.of_kind = ledger_state
WHERE set_id = (SELECT max(set_id) FROM span_sets WHERE is_open = 1)
  AND from_ms <= {now_ms:Int64}
  AND to_ms > {now_ms:Int64}
  AND s.device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
ORDER BY s.device_id, part_from
