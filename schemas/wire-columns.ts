import type { WireType } from '#schemas/metric-definition.ts'
import { metricDefinition, type MetricName } from '#schemas/metrics.ts'

/** One typed column of the wire block. */
export interface WireColumn {
  readonly name: MetricName
  readonly type: WireType
}

/**
 * Schema 1. Frozen: a batch in a spool may be months older than the process that reads it, so names are
 * only ever appended, under a new schemaId whose list starts with this one.
 */
const SCHEMA_1: readonly MetricName[] = [
  'busy_ratio',
  'gr_engine_active_ratio',
  'gpu_util_ratio',
  'npu_util_ratio',
  'aicore_ratio',
  'sm_active_ratio',
  'sm_occupancy_ratio',
  'tensor_active_ratio',
  'aicube_ratio',
  'aivector_ratio',
  'fp64_active_ratio',
  'fp32_active_ratio',
  'fp16_active_ratio',
  'memory_bandwidth_active_ratio',
  'memory_controller_busy_ratio',
  'encoder_busy_ratio',
  'decoder_busy_ratio',
  'power_watts',
  'power_limit_watts',
  'energy_joules_total',
  'temperature_celsius',
  'memory_temperature_celsius',
  'temperature_margin_celsius',
  'sm_clock_hertz',
  'sm_clock_max_hertz',
  'memory_clock_hertz',
  'memory_used_bytes',
  'memory_free_bytes',
  'memory_reserved_bytes',
  'memory_total_bytes',
  'host_memory_used_bytes',
  'clock_event_reasons',
  'throttle_power_seconds_total',
  'throttle_thermal_seconds_total',
  'throttle_hardware_seconds_total',
  'pcie_tx_bytes_per_second',
  'pcie_rx_bytes_per_second',
  'pcie_replay_total',
  'scaleup_bytes_per_second',
  'scaleup_tx_bytes_per_second',
  'scaleup_rx_bytes_per_second',
  'ecc_corrected_total',
  'ecc_uncorrected_total',
  'remapped_rows_corrected_total',
  'remapped_rows_uncorrected_total',
  'row_remap_failed',
  'row_remap_pending',
  'xid_code',
  'health_code',
  'performance_state',
  'voltage_volts',
  'process_count',
]

/** Schema 2: interconnect, own network port, limits, lifetime counters. */
const SCHEMA_2: readonly MetricName[] = [
  ...SCHEMA_1,
  'temperature_slowdown_celsius',
  'power_limit_default_watts',
  'power_limit_max_watts',
  'fan_ratio',
  'pcie_link_generation',
  'pcie_link_generation_max',
  'pcie_link_width',
  'pcie_link_width_max',
  'scaleup_tx_bytes_total',
  'scaleup_rx_bytes_total',
  'scaleup_errors_total',
  'scaleup_links_up',
  'scaleup_links_down',
  'network_tx_bytes_per_second',
  'network_rx_bytes_per_second',
  'network_link_up',
  'network_link_ups_total',
  'ecc_corrected_lifetime_total',
  'ecc_uncorrected_lifetime_total',
  'retired_pages_total',
  'retired_pages_pending',
  'remap_banks_exhausted',
  'aicpu_ratio',
  'heartbeat_total',
]

/** Column lists by schemaId; an unknown id goes to quarantine. */
export const WIRE_SCHEMAS: ReadonlyMap<number, readonly WireColumn[]> = new Map([
  [1, columns(SCHEMA_1)],
  [2, columns(SCHEMA_2)],
])

/** The schemaId that collectors write. */
export const CURRENT_SCHEMA_ID = 2

/** Bytes per value of a wire type. */
export const WIRE_BYTES: Readonly<Record<WireType, number>> = { f32: 4, f64: 8, u8: 1, u32: 4 }

function columns(names: readonly MetricName[]): readonly WireColumn[] {
  return names.map((name) => {
    const metric = metricDefinition(name)
    if (metric === undefined)
      throw new Error('wire schema names a metric the catalogue lacks: ' + name)
    return { name, type: metric.wire }
  })
}
