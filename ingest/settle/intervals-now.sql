-- Every interval as it counts now.
SELECT kind, device_id, from_ms, to_ms, reason, detail, version
FROM
(
  SELECT
    kind,
    device_id,
    toUnixTimestamp64Milli(from_at) AS from_ms,
    toUnixTimestamp64Milli(to_at) AS to_ms,
    reason,
    detail,
    version
  FROM intervals FINAL
)
WHERE kind IN ('capacity', 'failed', 'drained', 'verification', 'delivered')
