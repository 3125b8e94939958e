-- Who holds a device and where it stands, as intervals: mirrors of journal entries (schemas/journal.ts), written by
-- ingest, read by settling. Open ends are 2100-01-01. Of rows with one key the highest version counts; an interval
-- whose end is not after its start counts for nothing, which is how one is taken back.
CREATE TABLE IF NOT EXISTS allocations {{on_cluster}}
(
  device_id   UInt64,
  from_at     DateTime64(3, 'UTC'),
  to_at       DateTime64(3, 'UTC'),
  -- api | slurm | csv | import, and its place in ALLOCATION_SOURCES: of several sources the lowest rank counts.
  source      LowCardinality(String),
  source_rank UInt8,
  -- Job, pod or lease.
  holder      String,
  job         String,
  tenant      LowCardinality(String),
  account     LowCardinality(String),
  class       LowCardinality(String),
  -- paid | internal | free | unknown
  billing     LowCardinality(String),
  -- exact | derived | node | unresolved
  confidence  LowCardinality(String),
  -- Millionths of the device; 0 = whatever others leave, in equal parts.
  share_ppm   UInt32,
  version     UInt64,
  inserted_at DateTime64(3, 'UTC')
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (device_id, from_at, source, holder)
SETTINGS {{dedup}}
;
-- Where a source's word about holders is complete: nobody named there = nobody holds it. Empty node = all of the cluster.
CREATE TABLE IF NOT EXISTS allocation_scopes {{on_cluster}}
(
  source      LowCardinality(String),
  cluster     LowCardinality(String),
  node        LowCardinality(String),
  from_at     DateTime64(3, 'UTC'),
  to_at       DateTime64(3, 'UTC'),
  version     UInt64,
  inserted_at DateTime64(3, 'UTC')
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (source, cluster, node, from_at)
SETTINGS {{dedup}}
;
-- Where nodes, and devices of their own, stand from a moment on. Empty = not said here.
CREATE TABLE IF NOT EXISTS places {{on_cluster}}
(
  -- 0 = all devices of the node.
  device_id   UInt64,
  node        LowCardinality(String),
  from_at     DateTime64(3, 'UTC'),
  site        LowCardinality(String),
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  version     UInt64,
  inserted_at DateTime64(3, 'UTC')
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (device_id, node, from_at)
SETTINGS {{dedup}}
;
-- Below half of this share of the effective tier a held, busy device is inefficient. Empty class or model = any.
CREATE TABLE IF NOT EXISTS efficiency_references {{on_cluster}}
(
  class         LowCardinality(String),
  model         LowCardinality(String),
  from_at       DateTime64(3, 'UTC'),
  effective_ppm UInt32,
  version       UInt64
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (class, model, from_at)
SETTINGS {{dedup}}
;
-- What a change of the tables above reaches: settled minutes in [from_at, to_at) are to be settled again. Written after
-- the rows themselves.
CREATE TABLE IF NOT EXISTS interval_changes {{on_cluster}}
(
  inserted_at DateTime64(3, 'UTC'),
  from_at     DateTime64(3, 'UTC'),
  to_at       DateTime64(3, 'UTC'),
  -- allocation, place, reference, or a kind of interval, and `corrected`
  reason      LowCardinality(String),
  written_at  DateTime('UTC') DEFAULT now()
)
ENGINE = {{engine:MergeTree}}
ORDER BY inserted_at
TTL written_at + INTERVAL 40 DAY
SETTINGS {{dedup}}
