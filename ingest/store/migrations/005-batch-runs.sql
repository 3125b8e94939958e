-- What is stored of each boot, as runs without a hole: what remains of `batches` when its rows are removed.
-- Rows only ever grow: of two that begin alike the one that reaches further holds, so writing one again, or an
-- older one late, changes nothing. A run says "all of first_seq to last_seq", and runs may lie in each other.
CREATE TABLE IF NOT EXISTS batch_runs {{on_cluster}}
(
  cluster      LowCardinality(String),
  collector    LowCardinality(String),
  boot         String,
  -- 1 = given up by its collector (a gap record): nothing is stored, the watermark passes over it.
  lost         UInt8,
  first_seq    UInt64,
  last_seq     SimpleAggregateFunction(max, UInt64),
  -- When something of this boot last came.
  heard_at     SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  -- All that its shard stored of this boot before this moment is in its runs.
  compacted_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = {{engine:AggregatingMergeTree}}
ORDER BY (cluster, collector, boot, lost, first_seq)
SETTINGS {{dedup}}
;
-- When minutes got samples last, as far as `batches` no longer says it: a minute settled before that is
-- settled again by the next process.
CREATE TABLE IF NOT EXISTS batch_minutes {{on_cluster}}
(
  -- Minutes, both included.
  from_at     DateTime('UTC'),
  to_at       DateTime('UTC'),
  inserted_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = {{engine:AggregatingMergeTree}}
ORDER BY (from_at, to_at)
SETTINGS {{dedup}}
