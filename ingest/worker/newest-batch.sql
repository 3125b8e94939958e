-- The newest insert of a shard, and whether an earlier removal of rows is still under way.
SELECT
  (
    SELECT toUnixTimestamp64Milli(max(inserted_at))
    FROM batches
    WHERE shard = {shard:UInt16}
  ) AS newest_ms,
  (
    SELECT count()
    FROM system.mutations
    WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done
  ) AS removals
