-- What tools print with decimals is stored as whole numbers of a small unit (docs/decisions/0015-what-a-raw-row-costs.md):
-- a float's mantissa spreads the digits of a decimal over bytes that no packer can join again. The old names stay,
-- computed: first the whole number, else the float column, which keeps what was stored before and every value that
-- is no whole number of its unit. ingest/store/whole-numbers.ts is the same list (a test compares).
--
-- busy_ratio is mostly a copy of the counter that busy_source names. Bit 1 of flags says that it is, and nothing is
-- stored then.
--
-- Renaming moves files and rewrites no value. One statement, so that no half of it is ever there.
-- UNLESS COLUMN busy_ratio_f32
ALTER TABLE samples {{on_cluster}}
  RENAME COLUMN busy_ratio TO busy_ratio_f32,
  RENAME COLUMN gr_engine_active_ratio TO gr_engine_active_ratio_f32,
  RENAME COLUMN sm_active_ratio TO sm_active_ratio_f32,
  RENAME COLUMN sm_occupancy_ratio TO sm_occupancy_ratio_f32,
  RENAME COLUMN tensor_active_ratio TO tensor_active_ratio_f32,
  RENAME COLUMN fp64_active_ratio TO fp64_active_ratio_f32,
  RENAME COLUMN fp32_active_ratio TO fp32_active_ratio_f32,
  RENAME COLUMN fp16_active_ratio TO fp16_active_ratio_f32,
  RENAME COLUMN memory_bandwidth_active_ratio TO memory_bandwidth_active_ratio_f32,
  RENAME COLUMN power_watts TO power_watts_f32,
  RENAME COLUMN energy_joules_total TO energy_joules_total_f64,
  ADD COLUMN gr_engine_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN sm_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN sm_occupancy_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN tensor_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN fp64_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN fp32_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN fp16_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN memory_bandwidth_active_ratio_ppm Nullable(Int32) CODEC(T64, ZSTD(1)),
  ADD COLUMN power_milliwatts Nullable(Int32) CODEC(Delta, T64('bit'), ZSTD(1)),
  ADD COLUMN energy_millijoules_total Nullable(Int64) CODEC(Delta, T64, ZSTD(1)),
  ADD COLUMN gr_engine_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(gr_engine_active_ratio_ppm / 1000000), gr_engine_active_ratio_f32),
  ADD COLUMN sm_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(sm_active_ratio_ppm / 1000000), sm_active_ratio_f32),
  ADD COLUMN sm_occupancy_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(sm_occupancy_ratio_ppm / 1000000), sm_occupancy_ratio_f32),
  ADD COLUMN tensor_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(tensor_active_ratio_ppm / 1000000), tensor_active_ratio_f32),
  ADD COLUMN fp64_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(fp64_active_ratio_ppm / 1000000), fp64_active_ratio_f32),
  ADD COLUMN fp32_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(fp32_active_ratio_ppm / 1000000), fp32_active_ratio_f32),
  ADD COLUMN fp16_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(fp16_active_ratio_ppm / 1000000), fp16_active_ratio_f32),
  ADD COLUMN memory_bandwidth_active_ratio Nullable(Float32)
    ALIAS coalesce(toFloat32(memory_bandwidth_active_ratio_ppm / 1000000), memory_bandwidth_active_ratio_f32),
  ADD COLUMN power_watts Nullable(Float32)
    ALIAS coalesce(toFloat32(power_milliwatts / 1000), power_watts_f32),
  ADD COLUMN energy_joules_total Nullable(Float64)
    ALIAS coalesce(energy_millijoules_total / 1000, energy_joules_total_f64),
  ADD COLUMN busy_ratio Nullable(Float32) ALIAS if(
    bitTest(flags, 1),
    multiIf(
      busy_source = 1, coalesce(toFloat32(gr_engine_active_ratio_ppm / 1000000), gr_engine_active_ratio_f32),
      busy_source = 2, gpu_util_ratio,
      busy_source = 3, npu_util_ratio,
      busy_source = 4, aicore_ratio,
      NULL
    ),
    busy_ratio_f32
  )
