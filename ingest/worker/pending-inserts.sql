-- Of the last inserts of a shard those that were begun and are not known to have ended. A shard inserts one at a
-- time: older ones were looked at when a process died in them. Without the bodies, which are large.
SELECT epoch, first_position, last_position
FROM
(
  SELECT epoch, first_position, last_position, at
  FROM insert_notes
  WHERE shard = {shard:UInt16}
    AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  ORDER BY at DESC
  LIMIT {notes:UInt32}
)
WHERE (epoch, first_position, last_position) NOT IN
  (
    SELECT epoch, first_position, last_position
    FROM batches
    WHERE shard = {shard:UInt16}
      AND inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  )
ORDER BY at
