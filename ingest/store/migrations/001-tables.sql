-- Tables of DESIGN.md section 7. Statements are separated by a line that holds only a semicolon.
-- {{on_cluster}}, {{engine:X}} and {{dedup}} are rendered per profile (single | cluster) by migrate.ts.
-- The window of insert tokens must cover the longest replay of one shard while others go on.

-- One row per device and tick. Time bucket first: "the last minute" of all devices is the hot read.
CREATE TABLE IF NOT EXISTS samples {{on_cluster}}
(
  ts           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  device_id    UInt64 CODEC(ZSTD(1)),
  step_ms      UInt32 CODEC(ZSTD(1)),
  -- Position of the message in the log: of two samples in one cell the first one wins.
  log_position UInt64 CODEC(Delta, ZSTD(1)),
  -- Index into BUSY_SOURCES: which counter busy_ratio was taken from.
  busy_source  UInt8 CODEC(ZSTD(1)),
  -- Bit 0: the collector's clock was corrected by more than 30 s.
  flags        UInt8 CODEC(ZSTD(1)),
  busy_ratio                      Nullable(Float32) CODEC(ZSTD(1)),
  gr_engine_active_ratio          Nullable(Float32) CODEC(ZSTD(1)),
  gpu_util_ratio                  Nullable(Float32) CODEC(ZSTD(1)),
  npu_util_ratio                  Nullable(Float32) CODEC(ZSTD(1)),
  aicore_ratio                    Nullable(Float32) CODEC(ZSTD(1)),
  sm_active_ratio                 Nullable(Float32) CODEC(ZSTD(1)),
  sm_occupancy_ratio              Nullable(Float32) CODEC(ZSTD(1)),
  tensor_active_ratio             Nullable(Float32) CODEC(ZSTD(1)),
  aicube_ratio                    Nullable(Float32) CODEC(ZSTD(1)),
  aivector_ratio                  Nullable(Float32) CODEC(ZSTD(1)),
  fp64_active_ratio               Nullable(Float32) CODEC(ZSTD(1)),
  fp32_active_ratio               Nullable(Float32) CODEC(ZSTD(1)),
  fp16_active_ratio               Nullable(Float32) CODEC(ZSTD(1)),
  memory_bandwidth_active_ratio   Nullable(Float32) CODEC(ZSTD(1)),
  memory_controller_busy_ratio    Nullable(Float32) CODEC(ZSTD(1)),
  encoder_busy_ratio              Nullable(Float32) CODEC(ZSTD(1)),
  decoder_busy_ratio              Nullable(Float32) CODEC(ZSTD(1)),
  power_watts                     Nullable(Float32) CODEC(ZSTD(1)),
  power_limit_watts               Nullable(Float32) CODEC(ZSTD(1)),
  energy_joules_total             Nullable(Float64) CODEC(Delta, ZSTD(1)),
  temperature_celsius             Nullable(Float32) CODEC(ZSTD(1)),
  memory_temperature_celsius      Nullable(Float32) CODEC(ZSTD(1)),
  temperature_margin_celsius      Nullable(Float32) CODEC(ZSTD(1)),
  sm_clock_hertz                  Nullable(Float32) CODEC(ZSTD(1)),
  sm_clock_max_hertz              Nullable(Float32) CODEC(ZSTD(1)),
  memory_clock_hertz              Nullable(Float32) CODEC(ZSTD(1)),
  memory_used_bytes               Nullable(Float64) CODEC(ZSTD(1)),
  memory_free_bytes               Nullable(Float64) CODEC(ZSTD(1)),
  memory_reserved_bytes           Nullable(Float64) CODEC(ZSTD(1)),
  memory_total_bytes              Nullable(Float64) CODEC(ZSTD(1)),
  host_memory_used_bytes          Nullable(Float64) CODEC(ZSTD(1)),
  clock_event_reasons             Nullable(UInt32) CODEC(ZSTD(1)),
  throttle_power_seconds_total    Nullable(Float64) CODEC(Delta, ZSTD(1)),
  throttle_thermal_seconds_total  Nullable(Float64) CODEC(Delta, ZSTD(1)),
  throttle_hardware_seconds_total Nullable(Float64) CODEC(Delta, ZSTD(1)),
  pcie_tx_bytes_per_second        Nullable(Float32) CODEC(ZSTD(1)),
  pcie_rx_bytes_per_second        Nullable(Float32) CODEC(ZSTD(1)),
  pcie_replay_total               Nullable(Float64) CODEC(Delta, ZSTD(1)),
  nvlink_bytes_per_second         Nullable(Float32) CODEC(ZSTD(1)),
  nvlink_tx_bytes_per_second      Nullable(Float32) CODEC(ZSTD(1)),
  nvlink_rx_bytes_per_second      Nullable(Float32) CODEC(ZSTD(1)),
  ecc_corrected_total             Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ecc_uncorrected_total           Nullable(Float64) CODEC(Delta, ZSTD(1)),
  remapped_rows_corrected_total   Nullable(Float64) CODEC(Delta, ZSTD(1)),
  remapped_rows_uncorrected_total Nullable(Float64) CODEC(Delta, ZSTD(1)),
  row_remap_failed                Nullable(UInt8) CODEC(ZSTD(1)),
  row_remap_pending               Nullable(UInt8) CODEC(ZSTD(1)),
  xid_code                        Nullable(UInt32) CODEC(ZSTD(1)),
  health_code                     Nullable(UInt8) CODEC(ZSTD(1)),
  performance_state               Nullable(UInt8) CODEC(ZSTD(1)),
  voltage_volts                   Nullable(Float32) CODEC(ZSTD(1)),
  process_count                   Nullable(Float32) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(ts)
ORDER BY (toStartOfTenMinutes(ts), device_id, ts)
-- A vendor fills a third of the columns; the others are stored as "all null" (a quarter less work per insert).
SETTINGS ttl_only_drop_parts = 1, nullable_serialization_version = 'allow_sparse', ratio_of_defaults_for_sparse_serialization = 0.9, {{dedup}}
;
-- Node, link and meter readings are few and of many kinds: one row per reading.
CREATE TABLE IF NOT EXISTS samples_node {{on_cluster}}
(
  ts           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  cluster      LowCardinality(String),
  node         LowCardinality(String),
  metric       LowCardinality(String),
  step_ms      UInt32,
  log_position UInt64,
  value        Nullable(Float64) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(ts)
ORDER BY (toStartOfTenMinutes(ts), node, metric, ts)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
CREATE TABLE IF NOT EXISTS samples_link {{on_cluster}}
(
  ts           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  device_id    UInt64,
  link         LowCardinality(String),
  metric       LowCardinality(String),
  step_ms      UInt32,
  log_position UInt64,
  value        Nullable(Float64) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(ts)
ORDER BY (toStartOfTenMinutes(ts), device_id, link, metric, ts)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
CREATE TABLE IF NOT EXISTS samples_meter {{on_cluster}}
(
  ts           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  meter        LowCardinality(String),
  metric       LowCardinality(String),
  step_ms      UInt32,
  log_position UInt64,
  value        Nullable(Float64) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(ts)
ORDER BY (meter, metric, ts)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
-- Edges: XID, health, clock re-anchors, gaps. Never a level that repeats.
CREATE TABLE IF NOT EXISTS events {{on_cluster}}
(
  at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  -- 0 = an event of the node or the collector.
  device_id    UInt64,
  cluster      LowCardinality(String),
  collector    LowCardinality(String),
  node         LowCardinality(String),
  source       LowCardinality(String),
  type         LowCardinality(String),
  code         LowCardinality(String),
  severity     LowCardinality(String),
  edge         LowCardinality(String),
  message      String CODEC(ZSTD(1)),
  log_position UInt64
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (device_id, at)
SETTINGS {{dedup}}
;
-- What is known of a device from `at` on; a row per change. The latest row at or before a minute is
-- what the device was in that minute.
CREATE TABLE IF NOT EXISTS devices {{on_cluster}}
(
  device_id         UInt64,
  at                DateTime64(3, 'UTC'),
  canonical_key     String,
  node              LowCardinality(String),
  vendor            LowCardinality(String),
  model             LowCardinality(String),
  -- -1 = not told.
  device_index      Int32,
  bus               String,
  -- 0 = not a partition.
  parent_id         UInt64,
  partition_id      String,
  partition_profile String,
  partition_share   Nullable(Float32),
  cluster           LowCardinality(String),
  hall              LowCardinality(String),
  rack              LowCardinality(String),
  pool              LowCardinality(String),
  collector         LowCardinality(String),
  tenant            LowCardinality(String),
  job               String,
  namespace         LowCardinality(String),
  pod               String,
  container         String,
  class             LowCardinality(String),
  sources           Array(LowCardinality(String)),
  labels            Map(LowCardinality(String), String),
  simulated         UInt8,
  log_position      UInt64
)
ENGINE = {{engine:ReplacingMergeTree(log_position)}}
ORDER BY (device_id, at)
SETTINGS {{dedup}}
;
-- Every key a device was ever met under.
CREATE TABLE IF NOT EXISTS device_aliases {{on_cluster}}
(
  key       String,
  device_id UInt64,
  at        DateTime64(3, 'UTC')
)
ENGINE = {{engine:ReplacingMergeTree(at)}}
ORDER BY key
SETTINGS {{dedup}}
;
-- Half-open [from_at, to_at): capacity (accepted, retired), allocation (held by), state (failed, drained).
CREATE TABLE IF NOT EXISTS intervals {{on_cluster}}
(
  kind      LowCardinality(String),
  device_id UInt64,
  from_at   DateTime64(3, 'UTC'),
  -- 2100-01-01 = open.
  to_at     DateTime64(3, 'UTC'),
  -- capacity: discovered | inventory; state: failed | drained; allocation: who says so.
  reason    LowCardinality(String),
  detail    String,
  version   UInt64
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (kind, device_id, from_at)
SETTINGS {{dedup}}
;
-- The set of what is stored, written last and under the token of its insert.
CREATE TABLE IF NOT EXISTS batches {{on_cluster}}
(
  cluster        LowCardinality(String),
  collector      LowCardinality(String),
  boot           LowCardinality(String),
  first_seq      UInt64,
  last_seq       UInt64,
  shard          UInt16,
  epoch          LowCardinality(String),
  first_position UInt64,
  last_position  UInt64,
  min_ts         DateTime64(3, 'UTC'),
  max_ts         DateTime64(3, 'UTC'),
  row_count      UInt64,
  -- 1 = given up by its collector (a gap record): nothing is stored, the watermark passes over it.
  lost           UInt8,
  -- Taken after the samples were stored: a minute read before it may lack them.
  inserted_at    DateTime64(3, 'UTC')
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(inserted_at)
ORDER BY (collector, boot, first_seq)
SETTINGS {{dedup}}
;
-- One row per published revision of a bucket; the highest is the one readers see.
CREATE TABLE IF NOT EXISTS revisions {{on_cluster}}
(
  resolution LowCardinality(String),
  bucket     DateTime('UTC'),
  revision   UInt32,
  -- Rows stored before this moment were read.
  as_of      DateTime64(3, 'UTC'),
  row_count  UInt64,
  reason     LowCardinality(String)
)
ENGINE = {{engine:MergeTree}}
ORDER BY (resolution, bucket, revision)
SETTINGS {{dedup}}
;
CREATE TABLE IF NOT EXISTS restatements {{on_cluster}}
(
  at             DateTime64(3, 'UTC'),
  bucket         DateTime('UTC'),
  revision       UInt32,
  reason         LowCardinality(String),
  old_known_ms   UInt64,
  new_known_ms   UInt64,
  old_busy_ms_x1000 UInt64,
  new_busy_ms_x1000 UInt64
)
ENGINE = {{engine:MergeTree}}
ORDER BY (bucket, revision)
SETTINGS {{dedup}}
;
CREATE TABLE IF NOT EXISTS quarantine {{on_cluster}}
(
  at       DateTime64(3, 'UTC'),
  subject  String,
  id       String,
  reason   LowCardinality(String),
  shard    UInt16,
  epoch    LowCardinality(String),
  position UInt64,
  -- Base64, at most the first 64 KiB.
  bytes    String CODEC(ZSTD(3))
)
ENGINE = {{engine:MergeTree}}
ORDER BY (shard, epoch, position)
SETTINGS {{dedup}}
;
-- Latest word on every target a collector reads.
CREATE TABLE IF NOT EXISTS collection_targets {{on_cluster}}
(
  cluster     LowCardinality(String),
  collector   LowCardinality(String),
  source      LowCardinality(String),
  target      String,
  node        LowCardinality(String),
  at          DateTime64(3, 'UTC'),
  outcome     LowCardinality(String),
  reason      LowCardinality(String),
  detail      String,
  since       DateTime64(3, 'UTC'),
  last_ok     Nullable(DateTime64(3, 'UTC')),
  interval_ms UInt32,
  duration_ms Float32,
  bytes       UInt64,
  devices     UInt32,
  readings    UInt32,
  rejected    Map(LowCardinality(String), UInt64),
  examples    String,
  simulated   UInt8
)
ENGINE = {{engine:ReplacingMergeTree(at)}}
ORDER BY (cluster, collector, source, target)
SETTINGS {{dedup}}
;
-- The journal (alert transitions, silences, acknowledgements, inventory, prices, tokens, audit) mirrored
-- for reading; the journal itself is the truth.
CREATE TABLE IF NOT EXISTS journal_entries {{on_cluster}}
(
  sequence UInt64,
  at       DateTime64(3, 'UTC'),
  kind     LowCardinality(String),
  who      String,
  body     String CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY (kind, sequence)
SETTINGS {{dedup}}
;
-- One row per device and settled minute, with its dimensions as they were in that minute.
CREATE TABLE IF NOT EXISTS ledger_1m {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  device_id   UInt64 CODEC(ZSTD(1)),
  revision    UInt32,
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  node        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  tenant      LowCardinality(String),
  job         LowCardinality(String),
  class       LowCardinality(String),
  busy_source UInt8,
  -- Integer milliseconds; shares as ratio x ms x 1,000; power as milliwatts x ms. Each sum has its own known time.
  capacity_ms          UInt64,
  verification_ms      UInt64,
  known_ms             UInt64,
  busy_ms_x1000        UInt64,
  active_known_ms      UInt64,
  active_ms_x1000      UInt64,
  effective_known_ms   UInt64,
  effective_ms_x1000   UInt64,
  power_known_ms       UInt64,
  power_mw_ms          UInt64,
  memory_known_ms      UInt64,
  memory_ms_x1000      UInt64,
  temperature_known_ms UInt64,
  temperature_mc_ms    Int64,
  temperature_max      Nullable(Float32),
  margin_min           Nullable(Float32)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(bucket)
ORDER BY (toStartOfHour(bucket), device_id, bucket)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
CREATE TABLE IF NOT EXISTS ledger_1h {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  device_id   UInt64 CODEC(ZSTD(1)),
  revision    UInt32,
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  node        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  tenant      LowCardinality(String),
  job         LowCardinality(String),
  class       LowCardinality(String),
  busy_source UInt8,
  -- Integer milliseconds; shares as ratio x ms x 1,000; power as milliwatts x ms. Each sum has its own known time.
  capacity_ms          UInt64,
  verification_ms      UInt64,
  known_ms             UInt64,
  busy_ms_x1000        UInt64,
  active_known_ms      UInt64,
  active_ms_x1000      UInt64,
  effective_known_ms   UInt64,
  effective_ms_x1000   UInt64,
  power_known_ms       UInt64,
  power_mw_ms          UInt64,
  memory_known_ms      UInt64,
  memory_ms_x1000      UInt64,
  temperature_known_ms UInt64,
  temperature_mc_ms    Int64,
  temperature_max      Nullable(Float32),
  margin_min           Nullable(Float32),
  -- Device time by busy_ratio in twenty bins of 5 %, from minutes: [0, 0.05), … [0.95, 1].
  busy_histogram_ms Array(UInt32)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (toStartOfDay(bucket), device_id, bucket)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
-- A day is the site's local day; bucket is its first instant in UTC.
CREATE TABLE IF NOT EXISTS ledger_1d {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  local_date  Date,
  device_id   UInt64 CODEC(ZSTD(1)),
  revision    UInt32,
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  node        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  tenant      LowCardinality(String),
  job         LowCardinality(String),
  class       LowCardinality(String),
  busy_source UInt8,
  -- Integer milliseconds; shares as ratio x ms x 1,000; power as milliwatts x ms. Each sum has its own known time.
  capacity_ms          UInt64,
  verification_ms      UInt64,
  known_ms             UInt64,
  busy_ms_x1000        UInt64,
  active_known_ms      UInt64,
  active_ms_x1000      UInt64,
  effective_known_ms   UInt64,
  effective_ms_x1000   UInt64,
  power_known_ms       UInt64,
  power_mw_ms          UInt64,
  memory_known_ms      UInt64,
  memory_ms_x1000      UInt64,
  temperature_known_ms UInt64,
  temperature_mc_ms    Int64,
  temperature_max      Nullable(Float32),
  margin_min           Nullable(Float32)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (local_date, device_id)
SETTINGS {{dedup}}
;
-- The same minutes by group, so that wide questions stay fast.
CREATE TABLE IF NOT EXISTS ledger_1m_group {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  revision    UInt32,
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  pool        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  tenant      LowCardinality(String),
  class       LowCardinality(String),
  busy_source UInt8,
  devices     UInt32,
  -- Integer milliseconds; shares as ratio x ms x 1,000; power as milliwatts x ms. Each sum has its own known time.
  capacity_ms          UInt64,
  verification_ms      UInt64,
  known_ms             UInt64,
  busy_ms_x1000        UInt64,
  active_known_ms      UInt64,
  active_ms_x1000      UInt64,
  effective_known_ms   UInt64,
  effective_ms_x1000   UInt64,
  power_known_ms       UInt64,
  power_mw_ms          UInt64,
  memory_known_ms      UInt64,
  memory_ms_x1000      UInt64,
  temperature_known_ms UInt64,
  temperature_mc_ms    Int64,
  temperature_max      Nullable(Float32),
  margin_min           Nullable(Float32)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (bucket, cluster, hall, pool, model, tenant, class, busy_source)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
;
CREATE TABLE IF NOT EXISTS meter_15m {{on_cluster}}
(
  bucket    DateTime('UTC'),
  meter     LowCardinality(String),
  revision  UInt32,
  energy_mj UInt64,
  known_ms  UInt64,
  flags     UInt8
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (meter, bucket)
SETTINGS {{dedup}}
