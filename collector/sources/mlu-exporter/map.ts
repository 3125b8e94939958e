import type { LinkMetricName } from '#schemas/node-metrics.ts'
import type { MetricName } from '#schemas/metrics.ts'

/**
 * What mlu-exporter's series mean in canonical metrics: data, no behaviour. Names are the exporter's defaults
 * without prefix (2.0.22); a site's configuration file may have changed prefix, names and labels.
 */

export const DEFAULT_PREFIX = 'mlu_'

export interface DeviceRule {
  readonly metric: MetricName
  /** Canonical = native x times / over; one of the two is 1. */
  readonly times: number
  readonly over: number
  /** Unit word of the exporter's HELP text; a HELP that names another unit is another metric. */
  readonly unit: string | null
  /** `vf` set = a slice, or the same value once more: only the empty one is the card's. */
  readonly hasVf: boolean
  /** Several rows of one card (per memory die): the highest speaks. */
  readonly highest: boolean
  /** A card that works never reads 0 here. */
  readonly zeroIsMissing: boolean
}

const rule = (
  metric: MetricName,
  unit: string | null,
  more: Partial<Omit<DeviceRule, 'metric' | 'unit'>> = {},
): DeviceRule => ({
  metric,
  unit,
  times: 1,
  over: 1,
  hasVf: false,
  highest: false,
  zeroIsMissing: false,
  ...more,
})
const MHZ = { times: 1e6, zeroIsMissing: true } as const
/** The window of the two PCIe series is the last 20 ms. */
const WINDOW_20MS = { times: 50 } as const
const zero = { zeroIsMissing: true } as const

/** Series with one canonical metric each; of two for one metric the first that speaks wins. */
export const DEVICE_RULES: ReadonlyMap<string, DeviceRule> = new Map([
  ['utilization', rule('busy_ratio', '%', { over: 100, hasVf: true })],
  ['memory_used', rule('memory_used_bytes', 'b')],
  ['memory_total', rule('memory_total_bytes', 'b', zero)],
  ['memory_free', rule('memory_free_bytes', 'b')],
  ['memory_reserved', rule('memory_reserved_bytes', 'b')],
  ['chip_temperature', rule('temperature_celsius', 'celsius', zero)],
  ['temperature', rule('temperature_celsius', 'celsius', zero)],
  ['memory_temperature', rule('memory_temperature_celsius', 'celsius', { highest: true, ...zero })],
  ['power_usage', rule('power_watts', 'w', { hasVf: true, ...zero })],
  ['power_current_limit', rule('power_limit_watts', 'w', zero)],
  ['power_default_limit', rule('power_limit_default_watts', 'w', zero)],
  ['power_max_limit', rule('power_limit_max_watts', 'w', zero)],
  ['frequency', rule('sm_clock_hertz', 'mhz', MHZ)],
  ['ddr_frequency', rule('memory_clock_hertz', 'mhz', MHZ)],
  ['heartbeat_count', rule('heartbeat_total', null)],
  ['remapped_correct_rows', rule('remapped_rows_corrected_total', null)],
  ['remapped_uncorrect_rows', rule('remapped_rows_uncorrected_total', null)],
  ['address_swaps_none', rule('remap_banks_exhausted', null)],
  // The card reads host memory: it receives.
  ['pcie_read_throughput', rule('pcie_rx_bytes_per_second', 'b', WINDOW_20MS)],
  ['pcie_write_throughput', rule('pcie_tx_bytes_per_second', 'b', WINDOW_20MS)],
  ['pcie_current_speed', rule('pcie_link_generation', 'gen', zero)],
  ['pcie_max_speed', rule('pcie_link_generation_max', 'gen', zero)],
  ['pcie_current_width', rule('pcie_link_width', null, zero)],
  ['pcie_max_width', rule('pcie_link_width_max', null, zero)],
  ['pcie_replay_count', rule('pcie_replay_total', null)],
])

/** Counters that are the sum of several; null unless each one that the page has at all speaks for the card. */
export interface SumRule {
  readonly metric: MetricName
  /** The first list of which the card has a series is used. */
  readonly of: readonly (readonly string[])[]
}
export const SUM_RULES: readonly SumRule[] = [
  {
    metric: 'ecc_corrected_total',
    of: [['dram_ecc_sbe_count', 'sram_ecc_sbe_count'], ['ecc_corrected_error_total']],
  },
  {
    metric: 'ecc_uncorrected_total',
    of: [['dram_ecc_dbe_count', 'sram_ecc_dbe_count'], ['ecc_uncorrected_error_total']],
  },
  {
    metric: 'ecc_corrected_lifetime_total',
    of: [['aggr_dram_ecc_sbe_count', 'aggr_sram_ecc_sbe_count']],
  },
  {
    metric: 'ecc_uncorrected_lifetime_total',
    of: [['aggr_dram_ecc_dbe_count', 'aggr_sram_ecc_dbe_count']],
  },
  {
    metric: 'retired_pages_total',
    of: [['single_bit_retired_page_count', 'double_bit_retired_page_count']],
  },
]

/** 1 when any of them is above 0, 0 when all that speak are 0. */
export const FLAG_RULES: readonly {
  readonly metric: MetricName
  readonly of: readonly string[]
}[] = [
  { metric: 'row_remap_pending', of: ['remapped_pending_rows', 'repair_pending'] },
  { metric: 'row_remap_failed', of: ['remapped_failed_rows', 'repair_failure'] },
  { metric: 'retired_pages_pending', of: ['repair_retire_pending'] },
]

export interface LinkRule {
  readonly metric: LinkMetricName
  readonly times: number
  readonly unit: string | null
}
const link = (metric: LinkMetricName, times = 1, unit: string | null = null): LinkRule => ({
  metric,
  times,
  unit,
})

/** Series per MLU-Link; `mlulink_status` and `mlulink_cable_status` are read by name. */
export const LINK_RULES: ReadonlyMap<string, LinkRule> = new Map([
  ['mlulink_speed', link('link_rate_bytes_per_second', 1e9, 'gb/s')],
  ['mlulink_cntr_read_byte_total', link('link_rx_bytes_total')],
  ['mlulink_cntr_write_byte_total', link('link_tx_bytes_total')],
  ['mlulink_link_down_total', link('link_downs_total')],
  ['mlulink_err_replay_total', link('link_replays_total')],
  ['mlulink_err_crc32_total', link('link_crc_errors_total')],
  ['mlulink_err_uncorrected_total', link('link_errors_total')],
])

/** Read by name in the code: states, codes, joins, slices. */
export const STRUCTURE: readonly string[] = [
  'health',
  'driver_state',
  'thermal_slow_down',
  'virtual_mode',
  'xid_error',
  'xid_error_count',
  'last_xid_error',
  'container',
  'mim_instance_info',
  'smlu_instance_info',
  'process_physical_memory_used',
  'core_utilization',
  'mlulink_status',
  'mlulink_cable_status',
]

/** Every default name that a site's `names` option may give another name. */
export const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...DEVICE_RULES.keys(),
  ...SUM_RULES.flatMap((sum) => sum.of.flat()),
  ...FLAG_RULES.flatMap((flag) => flag.of),
  ...LINK_RULES.keys(),
  ...STRUCTURE,
])

/** Default label names that a site's `labels` option may give another name. */
export const KNOWN_LABELS = [
  'uuid',
  'sn',
  'mlu',
  'model',
  'driver',
  'mcu',
  'node',
  'vf',
  'link',
  'core',
  'pid',
  'unhealth_reason',
  'xid',
  'xid_base_10',
  'xid_timestamp',
  'namespace',
  'pod',
  'container',
] as const
export type KnownLabel = (typeof KNOWN_LABELS)[number]

/** `mlu_virtual_mode` -> word. */
export const VIRTUAL_MODES: readonly string[] = ['full', 'MIM', 'sMLU', 'env-share']
