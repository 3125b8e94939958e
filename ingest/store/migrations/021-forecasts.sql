-- What was expected of each watched scope at each closed slice, and how it turned out (schemas/alerts/forecast.ts).
-- Derived from what is stored and from what schedulers said: a lost row costs its score, no alert. A row made again is the same.
CREATE TABLE IF NOT EXISTS forecasts {{on_cluster}}
(
  -- End of the newest slice that was known.
  made_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  -- Labels as JSON, keys sorted; {} = the fleet.
  scope   LowCardinality(String),
  -- The whole forecast as JSON.
  body    String CODEC(ZSTD(3))
)
ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toYYYYMM(made_at)
ORDER BY (made_at, scope)
TTL toDateTime(made_at) + INTERVAL 400 DAY
SETTINGS {{dedup}}
;
-- One point of one forecast beside the yardsticks; losses in utilization.
CREATE TABLE IF NOT EXISTS forecast_scores {{on_cluster}}
(
  made_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  scope             LowCardinality(String),
  ahead_s           UInt32,
  actual            Float64,
  pinball           Float64,
  error             Float64,
  persistence_error Float64,
  last_week_error   Nullable(Float64),
  inside            UInt8
)
ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toYYYYMM(made_at)
ORDER BY (ahead_s, made_at, scope)
TTL toDateTime(made_at) + INTERVAL 400 DAY
SETTINGS {{dedup}}
