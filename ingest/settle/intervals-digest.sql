-- Changes whenever an interval does: two numbers instead of all rows, every few seconds.
SELECT
  toString(count()) AS intervals,
  toString(sum(cityHash64(kind, device_id, from_at, to_at, version))) AS digest
FROM intervals FINAL
