-- Devices of whose capacity an entry of the journal speaks: discovery leaves them alone.
SELECT DISTINCT device_id
FROM intervals FINAL
WHERE kind IN ('capacity', 'delivered')
  AND (reason = 'inventory' OR startsWith(detail, '{"sequence":'))
