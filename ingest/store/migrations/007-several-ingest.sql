-- Several ingest processes: each asks for what the others stored since it last asked. Rows from before this
-- migration have the epoch here: they were known when the process started.
ALTER TABLE device_aliases {{on_cluster}}
  ADD COLUMN IF NOT EXISTS inserted_at DateTime64(3, 'UTC')
;
ALTER TABLE devices {{on_cluster}}
  ADD COLUMN IF NOT EXISTS inserted_at DateTime64(3, 'UTC')
;
ALTER TABLE intervals {{on_cluster}}
  ADD COLUMN IF NOT EXISTS inserted_at DateTime64(3, 'UTC')
;
-- Up to where the samples of a batch speak: the last cell and the two empty ones it may be bridged over.
ALTER TABLE batches {{on_cluster}}
  ADD COLUMN IF NOT EXISTS reach_at DateTime64(3, 'UTC')
