-- Windows that a person asked to settle again. The process that settles takes them in order; the row with
-- the highest version says how far it is.
CREATE TABLE IF NOT EXISTS repairs {{on_cluster}}
(
  id       String,
  asked_at DateTime64(3, 'UTC'),
  state    LowCardinality(String),
  version  UInt64,
  -- The whole request and its outcome, JSON (ingest/settle/repair.ts).
  body     String
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY id
SETTINGS {{dedup}}
