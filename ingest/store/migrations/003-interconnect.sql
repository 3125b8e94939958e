-- Interconnect, own network port, limits and lifetime counters of a device; what a fault asks for; what a tool
-- states about itself; facts with their dates; nodes and links.

ALTER TABLE samples {{on_cluster}} RENAME COLUMN IF EXISTS nvlink_bytes_per_second TO scaleup_bytes_per_second
;
ALTER TABLE samples {{on_cluster}} RENAME COLUMN IF EXISTS nvlink_tx_bytes_per_second TO scaleup_tx_bytes_per_second
;
ALTER TABLE samples {{on_cluster}} RENAME COLUMN IF EXISTS nvlink_rx_bytes_per_second TO scaleup_rx_bytes_per_second
;
ALTER TABLE samples {{on_cluster}}
  ADD COLUMN IF NOT EXISTS temperature_slowdown_celsius    Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS power_limit_default_watts       Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS power_limit_max_watts           Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS fan_ratio                       Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pcie_link_generation            Nullable(UInt8) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pcie_link_generation_max        Nullable(UInt8) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pcie_link_width                 Nullable(UInt8) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pcie_link_width_max             Nullable(UInt8) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS scaleup_tx_bytes_total          Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS scaleup_rx_bytes_total          Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS scaleup_errors_total            Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS scaleup_links_up                Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS scaleup_links_down              Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS network_tx_bytes_per_second     Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS network_rx_bytes_per_second     Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS network_link_up                 Nullable(UInt8) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS network_link_ups_total          Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ecc_corrected_lifetime_total    Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ecc_uncorrected_lifetime_total  Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS retired_pages_total             Nullable(Float64) CODEC(Delta, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS retired_pages_pending           Nullable(UInt8) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS remap_banks_exhausted           Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS aicpu_ratio                     Nullable(Float32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS heartbeat_total                 Nullable(Float64) CODEC(Delta, ZSTD(1))
;
ALTER TABLE events {{on_cluster}}
  ADD COLUMN IF NOT EXISTS message_zh  String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS fault_class LowCardinality(String),
  ADD COLUMN IF NOT EXISTS action      String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS action_zh   String CODEC(ZSTD(1))
;
ALTER TABLE collection_targets {{on_cluster}}
  ADD COLUMN IF NOT EXISTS fields   Map(LowCardinality(String), UInt32),
  ADD COLUMN IF NOT EXISTS missing  Array(LowCardinality(String)),
  -- JSON: [{ metric, last_ms, version }]
  ADD COLUMN IF NOT EXISTS vanished String,
  ADD COLUMN IF NOT EXISTS tool     Map(LowCardinality(String), String)
;
-- Facts about nodes and devices that change rarely: one row at first sight by a collector run and at each change.
CREATE TABLE IF NOT EXISTS node_facts {{on_cluster}}
(
  cluster      LowCardinality(String),
  node         LowCardinality(String),
  -- 0 = a fact about the node.
  device_id    UInt64,
  name         LowCardinality(String),
  value        String,
  at           DateTime64(3, 'UTC'),
  source       LowCardinality(String),
  log_position UInt64
)
ENGINE = {{engine:MergeTree}}
ORDER BY (cluster, node, device_id, name, at)
SETTINGS {{dedup}}
;
-- A link belongs to a device (NVLink, HCCS) or, with device_id 0, to its node (InfiniBand, RoCE). Nothing wrote
-- this table before; made anew because a node's links of a day must be read without those of all others.
DROP TABLE IF EXISTS samples_link {{on_cluster}} SYNC
;
DROP TABLE IF EXISTS samples_link_local {{on_cluster}} SYNC
;
CREATE TABLE IF NOT EXISTS samples_link {{on_cluster}}
(
  ts           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  cluster      LowCardinality(String),
  node         LowCardinality(String),
  device_id    UInt64,
  link         LowCardinality(String),
  metric       LowCardinality(String),
  step_ms      UInt32,
  log_position UInt64,
  value        Nullable(Float64) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(ts)
ORDER BY (toStartOfTenMinutes(ts), node, device_id, link, metric, ts)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
