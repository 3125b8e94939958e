-- Settling of meters (ingest/facility). Which readings came late is asked by when they were stored: few blocks have any.
ALTER TABLE samples_meter {{on_cluster}} ADD INDEX IF NOT EXISTS stored_when inserted_at TYPE minmax GRANULARITY 1
;
-- What a new revision of a scope changed in a bucket that readers had seen.
--
-- How facility_15m and meter_energy_15m come about: both are written before their bucket is noted in `revisions` under the
-- resolution `15m-meters`, and again, as a higher revision, only where something changed. A meter without a row was not
-- heard of in that bucket. IT counts with what is taken off it: a pump that hangs on a rack PDU is expected and known on
-- the IT side too. distribution_mj is what is left of the total: it means something where both sides are complete.
CREATE TABLE IF NOT EXISTS facility_restatements {{on_cluster}}
(
  at                 DateTime64(3, 'UTC'),
  bucket             DateTime('UTC'),
  scope              LowCardinality(String),
  revision           UInt32,
  -- late readings, tree changed.
  reason             LowCardinality(String),
  old_total_mj       UInt64,
  new_total_mj       UInt64,
  old_it_mj          UInt64,
  new_it_mj          UInt64,
  old_total_known_ms UInt64,
  new_total_known_ms UInt64,
  old_it_known_ms    UInt64,
  new_it_known_ms    UInt64
)
ENGINE = {{engine:MergeTree}}
ORDER BY (bucket, scope, revision)
SETTINGS {{dedup}}
