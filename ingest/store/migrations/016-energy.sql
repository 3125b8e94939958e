-- Energy of devices, settled from their counters and power readings (DEFINITIONS section 7, docs/numbers.md): one row per
-- quarter of an hour (epoch aligned), node as it stood and revision. The published revision is the highest of
-- `revisions` with resolution '15m-energy', as for the ledger. Made by ingest/energy/energy.sql.
--
-- energy_mj = counter_mj + power_mj, always. Time that neither speaks for is in gaps_ms and no energy is guessed for it:
-- coverage = (counter_ms + power_ms) / capacity_ms. Devices are those in capacity, for as long as they are.
CREATE TABLE IF NOT EXISTS energy_15m {{on_cluster}}
(
  bucket      DateTime('UTC') CODEC(Delta, ZSTD(1)),
  revision    UInt32 CODEC(T64, ZSTD(1)),
  cluster     LowCardinality(String),
  hall        LowCardinality(String),
  rack        LowCardinality(String),
  pool        LowCardinality(String),
  node        LowCardinality(String),
  vendor      LowCardinality(String),
  model       LowCardinality(String),
  -- Devices with capacity in the bucket; one that moved within it is in both rows.
  devices     UInt32 CODEC(T64, ZSTD(1)),
  capacity_ms UInt64 CODEC(T64, ZSTD(1)),
  -- What counts, millijoules.
  energy_mj   UInt64 CODEC(T64, ZSTD(1)),
  -- Differences of counters, and the device time they speak for.
  counter_mj  UInt64 CODEC(T64, ZSTD(1)),
  counter_ms  UInt64 CODEC(T64, ZSTD(1)),
  -- Trapezoids over power readings, only for time that no counter speaks for.
  power_mj    UInt64 CODEC(T64, ZSTD(1)),
  power_ms    UInt64 CODEC(T64, ZSTD(1)),
  -- The same time by both, without resets and bridged gaps: how well the two agree.
  both_ms         UInt64 CODEC(T64, ZSTD(1)),
  both_counter_mj UInt64 CODEC(T64, ZSTD(1)),
  both_power_mj   UInt64 CODEC(T64, ZSTD(1)),
  -- The part of counter_* that lies in gaps of more than three intervals: a difference spread evenly over the gap.
  bridged_mj  UInt64 CODEC(T64, ZSTD(1)),
  bridged_ms  UInt64 CODEC(T64, ZSTD(1)),
  -- Where bridged differences begin and end, of all devices of the row, epoch ms; 0 = there is none. What changes there
  -- makes this bucket again.
  bridged_from_ms Int64 CODEC(T64, ZSTD(1)),
  bridged_to_ms   Int64 CODEC(T64, ZSTD(1)),
  -- Counters that fell (the new value counted from zero), and differences above 1.3 x TDP x time (not counted).
  resets      UInt32 CODEC(T64, ZSTD(1)),
  rejected    UInt32 CODEC(T64, ZSTD(1)),
  -- Capacity that nothing speaks for.
  gaps_ms     UInt64 CODEC(T64, ZSTD(1)),
  -- Rows stored before this moment were read.
  as_of       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (toStartOfDay(bucket), node, bucket)
SETTINGS ttl_only_drop_parts = 1, {{dedup}}
