-- The nine states of DEFINITIONS section 4, beside what was settled before. `allocation_source` says who names the holder
-- (ALLOCATION_SOURCES), `none` where nobody does; `billing` who pays. States are milliseconds, those that split a second
-- ms x 1,000. They are signed, because a stretch that turns out idle is moved by rows of its own, whose capacity is 0
-- (ingest/settle/idle-moves.sql). throttled: the lost share of each second, of it what heat and power brakes took, the rest
-- is hardware slowdown. inefficient_lost: of inefficient time 1 - effective / (half of the reference). busy_*: busy time of
-- a state; failed and drained have none, productive has the rest. power_*: what the device drew meanwhile. allocated_known:
-- base time in which a source says whether somebody holds the device; allocated: in which somebody does.
--
-- What was settled before has no states: all its known time counts as productive, its allocation_source is empty.
ALTER TABLE ledger_1m {{on_cluster}}
  ADD COLUMN IF NOT EXISTS allocation_source LowCardinality(String) AFTER class,
  ADD COLUMN IF NOT EXISTS billing LowCardinality(String) AFTER allocation_source,
  ADD COLUMN IF NOT EXISTS quiet UInt8 AFTER busy_source,
  ADD COLUMN IF NOT EXISTS failed_ms Int64 AFTER temperature_mc_ms,
  ADD COLUMN IF NOT EXISTS drained_ms Int64 AFTER failed_ms,
  ADD COLUMN IF NOT EXISTS unknown_ms Int64 DEFAULT toInt64(capacity_ms - verification_ms) - toInt64(known_ms) AFTER drained_ms,
  ADD COLUMN IF NOT EXISTS unallocated_ms Int64 AFTER unknown_ms,
  ADD COLUMN IF NOT EXISTS idle_held_ms Int64 AFTER unallocated_ms,
  ADD COLUMN IF NOT EXISTS throttled_ms_x1000 Int64 AFTER idle_held_ms,
  ADD COLUMN IF NOT EXISTS throttled_heat_ms_x1000 Int64 AFTER throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS throttled_power_ms_x1000 Int64 AFTER throttled_heat_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_ms_x1000 Int64 AFTER throttled_power_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_lost_ms_x1000 Int64 AFTER inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS productive_ms_x1000 Int64 DEFAULT toInt64(known_ms) * 1000 AFTER inefficient_lost_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_unallocated_ms_x1000 Int64 AFTER productive_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_idle_held_ms_x1000 Int64 AFTER busy_unallocated_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_throttled_ms_x1000 Int64 AFTER busy_idle_held_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_inefficient_ms_x1000 Int64 AFTER busy_throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_unallocated_mw_ms Int64 AFTER busy_inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_idle_held_mw_ms Int64 AFTER power_unallocated_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_known_ms Int64 AFTER power_idle_held_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_ms Int64 AFTER allocated_known_ms
;
ALTER TABLE ledger_1h {{on_cluster}}
  ADD COLUMN IF NOT EXISTS allocation_source LowCardinality(String) AFTER class,
  ADD COLUMN IF NOT EXISTS billing LowCardinality(String) AFTER allocation_source,
  ADD COLUMN IF NOT EXISTS failed_ms Int64 AFTER temperature_mc_ms,
  ADD COLUMN IF NOT EXISTS drained_ms Int64 AFTER failed_ms,
  ADD COLUMN IF NOT EXISTS unknown_ms Int64 DEFAULT toInt64(capacity_ms - verification_ms) - toInt64(known_ms) AFTER drained_ms,
  ADD COLUMN IF NOT EXISTS unallocated_ms Int64 AFTER unknown_ms,
  ADD COLUMN IF NOT EXISTS idle_held_ms Int64 AFTER unallocated_ms,
  ADD COLUMN IF NOT EXISTS throttled_ms_x1000 Int64 AFTER idle_held_ms,
  ADD COLUMN IF NOT EXISTS throttled_heat_ms_x1000 Int64 AFTER throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS throttled_power_ms_x1000 Int64 AFTER throttled_heat_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_ms_x1000 Int64 AFTER throttled_power_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_lost_ms_x1000 Int64 AFTER inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS productive_ms_x1000 Int64 DEFAULT toInt64(known_ms) * 1000 AFTER inefficient_lost_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_unallocated_ms_x1000 Int64 AFTER productive_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_idle_held_ms_x1000 Int64 AFTER busy_unallocated_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_throttled_ms_x1000 Int64 AFTER busy_idle_held_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_inefficient_ms_x1000 Int64 AFTER busy_throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_unallocated_mw_ms Int64 AFTER busy_inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_idle_held_mw_ms Int64 AFTER power_unallocated_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_known_ms Int64 AFTER power_idle_held_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_ms Int64 AFTER allocated_known_ms
;
ALTER TABLE ledger_1d {{on_cluster}}
  ADD COLUMN IF NOT EXISTS allocation_source LowCardinality(String) AFTER class,
  ADD COLUMN IF NOT EXISTS billing LowCardinality(String) AFTER allocation_source,
  ADD COLUMN IF NOT EXISTS failed_ms Int64 AFTER temperature_mc_ms,
  ADD COLUMN IF NOT EXISTS drained_ms Int64 AFTER failed_ms,
  ADD COLUMN IF NOT EXISTS unknown_ms Int64 DEFAULT toInt64(capacity_ms - verification_ms) - toInt64(known_ms) AFTER drained_ms,
  ADD COLUMN IF NOT EXISTS unallocated_ms Int64 AFTER unknown_ms,
  ADD COLUMN IF NOT EXISTS idle_held_ms Int64 AFTER unallocated_ms,
  ADD COLUMN IF NOT EXISTS throttled_ms_x1000 Int64 AFTER idle_held_ms,
  ADD COLUMN IF NOT EXISTS throttled_heat_ms_x1000 Int64 AFTER throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS throttled_power_ms_x1000 Int64 AFTER throttled_heat_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_ms_x1000 Int64 AFTER throttled_power_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_lost_ms_x1000 Int64 AFTER inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS productive_ms_x1000 Int64 DEFAULT toInt64(known_ms) * 1000 AFTER inefficient_lost_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_unallocated_ms_x1000 Int64 AFTER productive_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_idle_held_ms_x1000 Int64 AFTER busy_unallocated_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_throttled_ms_x1000 Int64 AFTER busy_idle_held_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_inefficient_ms_x1000 Int64 AFTER busy_throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_unallocated_mw_ms Int64 AFTER busy_inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_idle_held_mw_ms Int64 AFTER power_unallocated_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_known_ms Int64 AFTER power_idle_held_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_ms Int64 AFTER allocated_known_ms
;
ALTER TABLE ledger_1m_group {{on_cluster}}
  ADD COLUMN IF NOT EXISTS allocation_source LowCardinality(String) AFTER class,
  ADD COLUMN IF NOT EXISTS billing LowCardinality(String) AFTER allocation_source,
  ADD COLUMN IF NOT EXISTS failed_ms Int64 AFTER temperature_mc_ms,
  ADD COLUMN IF NOT EXISTS drained_ms Int64 AFTER failed_ms,
  ADD COLUMN IF NOT EXISTS unknown_ms Int64 DEFAULT toInt64(capacity_ms - verification_ms) - toInt64(known_ms) AFTER drained_ms,
  ADD COLUMN IF NOT EXISTS unallocated_ms Int64 AFTER unknown_ms,
  ADD COLUMN IF NOT EXISTS idle_held_ms Int64 AFTER unallocated_ms,
  ADD COLUMN IF NOT EXISTS throttled_ms_x1000 Int64 AFTER idle_held_ms,
  ADD COLUMN IF NOT EXISTS throttled_heat_ms_x1000 Int64 AFTER throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS throttled_power_ms_x1000 Int64 AFTER throttled_heat_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_ms_x1000 Int64 AFTER throttled_power_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_lost_ms_x1000 Int64 AFTER inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS productive_ms_x1000 Int64 DEFAULT toInt64(known_ms) * 1000 AFTER inefficient_lost_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_unallocated_ms_x1000 Int64 AFTER productive_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_idle_held_ms_x1000 Int64 AFTER busy_unallocated_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_throttled_ms_x1000 Int64 AFTER busy_idle_held_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_inefficient_ms_x1000 Int64 AFTER busy_throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_unallocated_mw_ms Int64 AFTER busy_inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_idle_held_mw_ms Int64 AFTER power_unallocated_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_known_ms Int64 AFTER power_idle_held_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_ms Int64 AFTER allocated_known_ms
;
ALTER TABLE ledger_1h_node {{on_cluster}}
  ADD COLUMN IF NOT EXISTS allocation_source LowCardinality(String) AFTER class,
  ADD COLUMN IF NOT EXISTS billing LowCardinality(String) AFTER allocation_source,
  ADD COLUMN IF NOT EXISTS failed_ms Int64 AFTER temperature_mc_ms,
  ADD COLUMN IF NOT EXISTS drained_ms Int64 AFTER failed_ms,
  ADD COLUMN IF NOT EXISTS unknown_ms Int64 DEFAULT toInt64(capacity_ms - verification_ms) - toInt64(known_ms) AFTER drained_ms,
  ADD COLUMN IF NOT EXISTS unallocated_ms Int64 AFTER unknown_ms,
  ADD COLUMN IF NOT EXISTS idle_held_ms Int64 AFTER unallocated_ms,
  ADD COLUMN IF NOT EXISTS throttled_ms_x1000 Int64 AFTER idle_held_ms,
  ADD COLUMN IF NOT EXISTS throttled_heat_ms_x1000 Int64 AFTER throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS throttled_power_ms_x1000 Int64 AFTER throttled_heat_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_ms_x1000 Int64 AFTER throttled_power_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_lost_ms_x1000 Int64 AFTER inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS productive_ms_x1000 Int64 DEFAULT toInt64(known_ms) * 1000 AFTER inefficient_lost_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_unallocated_ms_x1000 Int64 AFTER productive_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_idle_held_ms_x1000 Int64 AFTER busy_unallocated_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_throttled_ms_x1000 Int64 AFTER busy_idle_held_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_inefficient_ms_x1000 Int64 AFTER busy_throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_unallocated_mw_ms Int64 AFTER busy_inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_idle_held_mw_ms Int64 AFTER power_unallocated_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_known_ms Int64 AFTER power_idle_held_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_ms Int64 AFTER allocated_known_ms
;
ALTER TABLE ledger_1d_node {{on_cluster}}
  ADD COLUMN IF NOT EXISTS allocation_source LowCardinality(String) AFTER class,
  ADD COLUMN IF NOT EXISTS billing LowCardinality(String) AFTER allocation_source,
  ADD COLUMN IF NOT EXISTS failed_ms Int64 AFTER temperature_mc_ms,
  ADD COLUMN IF NOT EXISTS drained_ms Int64 AFTER failed_ms,
  ADD COLUMN IF NOT EXISTS unknown_ms Int64 DEFAULT toInt64(capacity_ms - verification_ms) - toInt64(known_ms) AFTER drained_ms,
  ADD COLUMN IF NOT EXISTS unallocated_ms Int64 AFTER unknown_ms,
  ADD COLUMN IF NOT EXISTS idle_held_ms Int64 AFTER unallocated_ms,
  ADD COLUMN IF NOT EXISTS throttled_ms_x1000 Int64 AFTER idle_held_ms,
  ADD COLUMN IF NOT EXISTS throttled_heat_ms_x1000 Int64 AFTER throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS throttled_power_ms_x1000 Int64 AFTER throttled_heat_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_ms_x1000 Int64 AFTER throttled_power_ms_x1000,
  ADD COLUMN IF NOT EXISTS inefficient_lost_ms_x1000 Int64 AFTER inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS productive_ms_x1000 Int64 DEFAULT toInt64(known_ms) * 1000 AFTER inefficient_lost_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_unallocated_ms_x1000 Int64 AFTER productive_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_idle_held_ms_x1000 Int64 AFTER busy_unallocated_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_throttled_ms_x1000 Int64 AFTER busy_idle_held_ms_x1000,
  ADD COLUMN IF NOT EXISTS busy_inefficient_ms_x1000 Int64 AFTER busy_throttled_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_unallocated_mw_ms Int64 AFTER busy_inefficient_ms_x1000,
  ADD COLUMN IF NOT EXISTS power_idle_held_mw_ms Int64 AFTER power_unallocated_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_known_ms Int64 AFTER power_idle_held_mw_ms,
  ADD COLUMN IF NOT EXISTS allocated_ms Int64 AFTER allocated_known_ms
;
-- Idle time found with hindsight, before it is added to each table of the ledger: one pass of settling after the other
-- (ingest/settle/idle-moves.sql). Rows are what is to be added to the published minute.
CREATE TABLE IF NOT EXISTS ledger_moves {{on_cluster}}
(
  -- The minutes that were settled with it, half-open, and their revision.
  pass_from     DateTime('UTC'),
  pass_to       DateTime('UTC'),
  pass_revision UInt32,
  bucket        DateTime('UTC'),
  device_id     UInt64,
  revision      UInt32,
  cluster           LowCardinality(String),
  hall              LowCardinality(String),
  rack              LowCardinality(String),
  pool              LowCardinality(String),
  node              LowCardinality(String),
  vendor            LowCardinality(String),
  model             LowCardinality(String),
  tenant            LowCardinality(String),
  job               LowCardinality(String),
  class             LowCardinality(String),
  allocation_source LowCardinality(String),
  billing           LowCardinality(String),
  busy_source       UInt8,
  unallocated_ms            Int64,
  idle_held_ms              Int64,
  productive_ms_x1000       Int64,
  busy_unallocated_ms_x1000 Int64,
  busy_idle_held_ms_x1000   Int64,
  power_unallocated_mw_ms   Int64,
  power_idle_held_mw_ms     Int64,
  made_at DateTime('UTC') DEFAULT now()
)
ENGINE = {{engine:MergeTree}}
ORDER BY (pass_from, pass_revision, bucket, device_id)
TTL made_at + INTERVAL 7 DAY
SETTINGS {{dedup}}
;
-- Passes that have been added to every table.
CREATE TABLE IF NOT EXISTS ledger_passes {{on_cluster}}
(
  pass_from     DateTime('UTC'),
  pass_revision UInt32,
  moves         UInt64,
  made_at       DateTime('UTC') DEFAULT now()
)
ENGINE = {{engine:MergeTree}}
ORDER BY (pass_from, pass_revision)
TTL made_at + INTERVAL 14 DAY
SETTINGS {{dedup}}
;
-- Who holds what part of which device in which state and where it stands, resolved from the interval tables for a time
-- (ingest/settle/spans.sql): what settling and fresh answers read beside the samples. A set is written whole and
-- then named in span_sets; the newest open one is in force until the next.
CREATE TABLE IF NOT EXISTS device_spans {{on_cluster}}
(
  -- Epoch ms of its making by the settler's clock; rises.
  set_id            UInt64,
  device_id         UInt64,
  -- Epoch ms, half-open.
  from_ms           Int64,
  to_ms             Int64,
  -- 0 = told by samples and holders, 1 failed, 2 drained, 3 verification.
  state             UInt8,
  -- The holder's part of the device, millionths.
  part_from         UInt32,
  part_to           UInt32,
  cluster           LowCardinality(String),
  hall              LowCardinality(String),
  rack              LowCardinality(String),
  pool              LowCardinality(String),
  node              LowCardinality(String),
  vendor            LowCardinality(String),
  model             LowCardinality(String),
  tenant            LowCardinality(String),
  job               String,
  class             LowCardinality(String),
  allocation_source LowCardinality(String),
  billing           LowCardinality(String),
  -- Somebody is named.
  is_held           UInt8,
  -- Half of it is the least effective share of productive work; 0 = nobody says.
  reference_ppm     UInt32,
  made_at           DateTime('UTC') DEFAULT now()
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toStartOfHour(made_at)
ORDER BY (set_id, device_id, from_ms)
TTL made_at + INTERVAL 3 HOUR
SETTINGS ttl_only_drop_parts = 1, merge_with_ttl_timeout = 900, {{dedup}}
;
CREATE TABLE IF NOT EXISTS span_sets {{on_cluster}}
(
  set_id  UInt64,
  from_ms Int64,
  to_ms   Int64,
  -- 0 = made for minutes that are settled again.
  is_open UInt8,
  made_at DateTime('UTC') DEFAULT now()
)
ENGINE = {{engine:MergeTree}}
ORDER BY set_id
TTL made_at + INTERVAL 1 DAY
SETTINGS {{dedup}}
