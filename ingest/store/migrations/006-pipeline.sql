-- What the pipeline says about itself. The last word of each process that stores and settles, replaced by its next.
CREATE TABLE IF NOT EXISTS pipeline_processes {{on_cluster}}
(
  process LowCardinality(String),
  role    LowCardinality(String),
  at      DateTime64(3, 'UTC'),
  -- JSON, schemas/pipeline-report.ts
  report  String CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(at)}}
ORDER BY process
TTL toDateTime(at) + INTERVAL 7 DAY
SETTINGS {{dedup}}
;
-- The figures of it that a screen draws, one row per report. Null = not known then.
CREATE TABLE IF NOT EXISTS pipeline_status {{on_cluster}}
(
  process           LowCardinality(String),
  at                DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  lag_messages      Nullable(UInt64) CODEC(ZSTD(1)),
  lag_seconds       Nullable(Float64) CODEC(ZSTD(1)),
  rows_per_second   Nullable(Float64) CODEC(ZSTD(1)),
  insert_p99_seconds Nullable(Float32) CODEC(ZSTD(1)),
  settle_p99_seconds Nullable(Float32) CODEC(ZSTD(1)),
  settled_age_seconds Nullable(Float64) CODEC(ZSTD(1)),
  spool_bytes       Nullable(UInt64) CODEC(ZSTD(1)),
  stream_used_ratio Nullable(Float32) CODEC(ZSTD(1)),
  disk_used_ratio   Nullable(Float32) CODEC(ZSTD(1)),
  memory_bytes      Nullable(UInt64) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(at)
ORDER BY (process, at)
TTL toDateTime(at) + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
-- The last word of each collector about its spool and its way to the bus.
CREATE TABLE IF NOT EXISTS collector_status {{on_cluster}}
(
  cluster          LowCardinality(String),
  collector        LowCardinality(String),
  node             LowCardinality(String),
  -- When the collector said it, and when the log took it: far apart after a time without a bus.
  at               DateTime64(3, 'UTC'),
  received_at      DateTime64(3, 'UTC'),
  interval_ms      UInt32,
  started_at       DateTime64(3, 'UTC'),
  is_stopping      UInt8,
  simulated        UInt8,
  version          LowCardinality(String),
  devices          UInt32,
  targets_ok       UInt32,
  targets_failed   UInt32,
  targets_absent   UInt32,
  batches          UInt64,
  sample_rows      UInt64,
  published        UInt64,
  refused          UInt64,
  resent           UInt64,
  lost             UInt64,
  dropped_records  UInt64,
  watermark_at     Nullable(DateTime64(3, 'UTC')),
  spool_bytes      UInt64,
  spool_max_bytes  UInt64,
  spool_waiting    UInt64,
  spool_oldest_at  Nullable(DateTime64(3, 'UTC')),
  memory_bytes     UInt64,
  memory_batches   UInt64,
  spool_dropped    UInt64,
  spool_damaged    UInt64,
  disk_errors      UInt64,
  -- The disk's refusal (ENOSPC...), empty while it takes batches.
  alarm            LowCardinality(String),
  rss_bytes        UInt64,
  cpu_seconds      Float64
)
ENGINE = {{engine:ReplacingMergeTree(at)}}
ORDER BY (cluster, collector)
TTL toDateTime(at) + INTERVAL 7 DAY
SETTINGS {{dedup}}
