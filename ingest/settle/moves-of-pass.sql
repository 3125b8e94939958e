-- What a pass has to add, and from when to when (epoch ms, both inclusive).
SELECT
  toUInt64(count()) AS moves,
  toInt64(toUnixTimestamp(min(bucket))) * 1000 AS first_ms,
  toInt64(toUnixTimestamp(max(bucket))) * 1000 AS last_ms
FROM ledger_moves
WHERE pass_from = toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC')
  AND pass_to = toDateTime(intDiv({to_ms:Int64}, 1000), 'UTC')
  AND pass_revision = {revision:UInt32}
