-- What an insert is about to store, written before its samples. The intent says the same, but lies with the broker: where
-- both the process and the broker's disk are lost between `samples` and `batches`, only this row tells what is stored.
CREATE TABLE IF NOT EXISTS insert_notes {{on_cluster}}
(
  shard          UInt16,
  epoch          LowCardinality(String),
  first_position UInt64,
  last_position  UInt64,
  at             DateTime64(3, 'UTC'),
  written_at     DateTime('UTC') DEFAULT now(),
  -- Some of its samples and its rows of `batches`, JSON (ingest/worker/insert-notes.ts).
  body           String CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(written_at)
ORDER BY (shard, epoch, first_position)
TTL written_at + INTERVAL 3 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
