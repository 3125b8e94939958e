-- When an event was stored: alerting asks what came since, also what a collector kept for hours.
ALTER TABLE events {{on_cluster}} ADD COLUMN IF NOT EXISTS inserted_at DateTime64(3, 'UTC') DEFAULT at CODEC(Delta, ZSTD(1))
;
ALTER TABLE events {{on_cluster}} ADD INDEX IF NOT EXISTS stored_when inserted_at TYPE minmax GRANULARITY 1
