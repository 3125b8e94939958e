-- Meters of the site: when their samples were stored, what people say about them, and their energy in 15-minute buckets.
ALTER TABLE samples_meter {{on_cluster}} ADD COLUMN IF NOT EXISTS inserted_at DateTime64(3, 'UTC') DEFAULT ts CODEC(Delta, ZSTD(1))
;
-- Never had a row: it lacked what a bucket of energy has to say.
DROP TABLE IF EXISTS meter_15m {{on_cluster}}
;
-- The journal's dated rows of meters, loops and sites, as JSON (schemas/facility.ts).
CREATE TABLE IF NOT EXISTS facility_rows {{on_cluster}}
(
  kind        LowCardinality(String),
  name        String,
  from_at     DateTime64(3, 'UTC'),
  row         String CODEC(ZSTD(1)),
  version     UInt64,
  inserted_at DateTime64(3, 'UTC')
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (kind, name, from_at)
SETTINGS {{dedup}}
;
-- Energy through one meter in one bucket. Highest revision counts. `flags` are bits of schemas/meter-flags.ts.
CREATE TABLE IF NOT EXISTS meter_energy_15m {{on_cluster}}
(
  bucket     DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  meter      LowCardinality(String),
  revision   UInt32,
  energy_mj  UInt64 CODEC(T64, ZSTD(1)),
  -- Time of the bucket that readings speak for, at most 900000.
  known_ms   UInt32 CODEC(T64, ZSTD(1)),
  -- Of it, time that only power over time speaks for.
  estimated_ms UInt32 CODEC(T64, ZSTD(1)),
  flags      UInt16,
  as_of      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(revision)}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (bucket, meter)
SETTINGS {{dedup}}
;
-- Energy of a scope (`site`, `hall:<name>`) in one bucket, with the roles and wiring of that time. A side is complete when
-- known_ms = expected_ms: expected is 900000 for each counted meter in force.
CREATE TABLE IF NOT EXISTS facility_15m {{on_cluster}}
(
  bucket            DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  scope             LowCardinality(String),
  revision          UInt32,
  category          UInt8,
  total_mj          UInt64,
  total_known_ms    UInt64,
  total_expected_ms UInt64,
  it_mj             UInt64,
  it_known_ms       UInt64,
  it_expected_ms    UInt64,
  cooling_mj        UInt64,
  distribution_mj   UInt64,
  other_mj          UInt64,
  estimated_ms      UInt64,
  flags             UInt16,
  -- Meters whose word was refused in this bucket, by name.
  faulty            Array(LowCardinality(String)),
  as_of             DateTime64(3, 'UTC')
)
ENGINE = {{engine:ReplacingMergeTree(revision)}}
PARTITION BY toYYYYMM(bucket)
ORDER BY (scope, bucket)
SETTINGS {{dedup}}
