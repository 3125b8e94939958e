import type { LinkMetricName } from '#schemas/node-metrics.ts'
import type { MetricName } from '#schemas/metrics.ts'

/**
 * What npu-exporter's series mean in canonical metrics: data, no behaviour. Names and units are those of the
 * exporter's documentation (mind-cluster 5.0 to 26.x). Everything is typed gauge on the page, counters too.
 */

/** `mb` and `gb` are decimal (network and link rates); memory is MiB or KiB although the page says MB and KB. */
export type NativeUnit =
  | 'as_is'
  | 'percent'
  | 'mib'
  | 'kib'
  | 'megahertz'
  | 'mb_per_second'
  | 'gb_per_second'
  | 'gbit_per_second'
  | 'mb_per_millisecond'

/** Canonical = native x times / over; one of the two is 1, so that 57 % is 0.57 exactly. */
const FACTORS: Readonly<Record<NativeUnit, readonly [times: number, over: number]>> = {
  as_is: [1, 1],
  percent: [1, 100],
  mib: [1_048_576, 1],
  kib: [1024, 1],
  megahertz: [1e6, 1],
  mb_per_second: [1e6, 1],
  gb_per_second: [1e9, 1],
  gbit_per_second: [125_000_000, 1],
  mb_per_millisecond: [1e9, 1],
}

/** Native value -> canonical unit. */
export function toCanonical(value: number, unit: NativeUnit): number {
  const [times, over] = FACTORS[unit]
  return (value * times) / over
}

export interface ChipRule {
  readonly metric: MetricName
  readonly unit: NativeUnit
  /** A chip that works never reads 0 here: it means that nothing was read. */
  readonly zeroIsMissing?: true
}

const rule = (metric: MetricName, unit: NativeUnit, zeroIsMissing?: true): ChipRule =>
  zeroIsMissing === undefined ? { metric, unit } : { metric, unit, zeroIsMissing }

export const CHIP = 'npu_chip_info_'

/** Series of one chip with one canonical metric each. Memory, ECC pages, PCIe and HCCS: see below. */
export const CHIP_RULES: ReadonlyMap<string, ChipRule> = new Map([
  [`${CHIP}utilization`, rule('aicore_ratio', 'percent')],
  [`${CHIP}overall_utilization`, rule('npu_util_ratio', 'percent')],
  [`${CHIP}vector_utilization`, rule('aivector_ratio', 'percent')],
  [`${CHIP}cube_utilization`, rule('aicube_ratio', 'percent')],
  [`${CHIP}hbm_bandwidth_utilization`, rule('memory_bandwidth_active_ratio', 'percent')],
  [`${CHIP}temperature`, rule('temperature_celsius', 'as_is', true)],
  [`${CHIP}hbm_temperature`, rule('memory_temperature_celsius', 'as_is', true)],
  [`${CHIP}power`, rule('power_watts', 'as_is', true)],
  [`${CHIP}voltage`, rule('voltage_volts', 'as_is', true)],
  [`${CHIP}aicore_current_freq`, rule('sm_clock_hertz', 'megahertz', true)],
  [`${CHIP}hbm_ecc_single_bit_error_cnt`, rule('ecc_corrected_total', 'as_is')],
  [`${CHIP}hbm_ecc_double_bit_error_cnt`, rule('ecc_uncorrected_total', 'as_is')],
  [`${CHIP}hbm_ecc_total_single_bit_error_cnt`, rule('ecc_corrected_lifetime_total', 'as_is')],
  [`${CHIP}hbm_ecc_total_double_bit_error_cnt`, rule('ecc_uncorrected_lifetime_total', 'as_is')],
  [`${CHIP}process_info_num`, rule('process_count', 'as_is')],
  [`${CHIP}bandwidth_tx`, rule('network_tx_bytes_per_second', 'mb_per_second')],
  [`${CHIP}bandwidth_rx`, rule('network_rx_bytes_per_second', 'mb_per_second')],
  [`${CHIP}link_status`, rule('network_link_up', 'as_is')],
  ['npu_chip_link_up_num', rule('network_link_ups_total', 'as_is')],
  [`${CHIP}hccs_bandwidth_info_total_tx`, rule('scaleup_tx_bytes_per_second', 'gb_per_second')],
  [`${CHIP}hccs_bandwidth_info_total_rx`, rule('scaleup_rx_bytes_per_second', 'gb_per_second')],
])

/** Several series that make one metric; null unless every one of them speaks. */
export interface SumRule {
  readonly metric: MetricName
  readonly unit: NativeUnit
  readonly of: readonly string[]
}

/** The average of the exporter's window; `min` and `max` are left out. */
const pcie = (way: 'tx' | 'rx') =>
  ['p', 'np', 'cpl'].map((kind) => `${CHIP}pcie_${way}_${kind}_bw/avg`)

export const CHIP_SUMS: readonly SumRule[] = [
  {
    metric: 'retired_pages_total',
    unit: 'as_is',
    of: ['single', 'double'].map((bits) => `${CHIP}hbm_ecc_${bits}_bit_isolated_pages_cnt`),
  },
  { metric: 'pcie_tx_bytes_per_second', unit: 'mb_per_millisecond', of: pcie('tx') },
  { metric: 'pcie_rx_bytes_per_second', unit: 'mb_per_millisecond', of: pcie('rx') },
]

/** Used and total of the device memory, MiB. A product with HBM series never falls back to its DDR. */
export const MEMORY = {
  hbm: { used: `${CHIP}hbm_used_memory`, total: `${CHIP}hbm_total_memory` },
  ddr: { used: `${CHIP}used_memory`, total: `${CHIP}total_memory` },
} as const

export interface LinkRule {
  readonly metric: LinkMetricName
  readonly unit: NativeUnit
}

/** Series name with its link number -> which link and which metric of it; null for other names. */
export function linkOf(name: string): { readonly link: string; readonly rule: LinkRule } | null {
  for (const [pattern, prefix, rule] of LINK_PATTERNS) {
    const match = pattern.exec(name)
    if (match !== null) return { link: `${prefix}${match[1] ?? '0'}`, rule }
  }
  return null
}

const LINK_PATTERNS: readonly (readonly [pattern: RegExp, prefix: string, rule: LinkRule])[] = [
  [
    /^npu_chip_info_hccs_bandwidth_info_tx_(\d{1,2})$/,
    'hccs/',
    { metric: 'link_tx_bytes_per_second', unit: 'gb_per_second' },
  ],
  [
    /^npu_chip_info_hccs_bandwidth_info_rx_(\d{1,2})$/,
    'hccs/',
    { metric: 'link_rx_bytes_per_second', unit: 'gb_per_second' },
  ],
  [
    /^npu_chip_info_hccs_statistic_info_crc_err_cnt_(\d{1,2})$/,
    'hccs/',
    { metric: 'link_crc_errors_total', unit: 'as_is' },
  ],
  [/^npu_chip_info_link_status$/, 'roce/', { metric: 'link_up', unit: 'as_is' }],
  [
    /^npu_chip_info_bandwidth_tx$/,
    'roce/',
    { metric: 'link_tx_bytes_per_second', unit: 'mb_per_second' },
  ],
  [
    /^npu_chip_info_bandwidth_rx$/,
    'roce/',
    { metric: 'link_rx_bytes_per_second', unit: 'mb_per_second' },
  ],
  [
    /^npu_chip_link_speed$/,
    'roce/',
    { metric: 'link_rate_bytes_per_second', unit: 'mb_per_second' },
  ],
  // Atlas 350: one series per die X and port Y.
  [/^npu_chip_info_link_status_(\d{1,2}_\d{1,2})$/, 'port/', { metric: 'link_up', unit: 'as_is' }],
  [
    /^npu_chip_info_bandwidth_tx_(\d{1,2}_\d{1,2})$/,
    'port/',
    { metric: 'link_tx_bytes_per_second', unit: 'mb_per_second' },
  ],
  [
    /^npu_chip_info_bandwidth_rx_(\d{1,2}_\d{1,2})$/,
    'port/',
    { metric: 'link_rx_bytes_per_second', unit: 'mb_per_second' },
  ],
  [
    /^npu_chip_link_speed_(\d{1,2}_\d{1,2})$/,
    'port/',
    { metric: 'link_rate_bytes_per_second', unit: 'gbit_per_second' },
  ],
]

/** Series of a vNPU. Its memory is in KiB, that of a chip in MiB. */
export const VNPU_RULES: ReadonlyMap<string, ChipRule> = new Map([
  ['vnpu_pod_aicore_utilization', rule('aicore_ratio', 'percent')],
  ['vnpu_pod_total_memory', rule('memory_total_bytes', 'kib', true)],
  ['vnpu_pod_used_memory', rule('memory_used_bytes', 'kib')],
])

/** Labels carry what these say, or they say what others repeat: read, never a metric. */
export const STRUCTURE: ReadonlySet<string> = new Set([
  'machine_npu_nums',
  'machine_card_nums',
  'npu_exporter_version_info',
  'npu_container_info',
  `${CHIP}name`,
  `${CHIP}serial_number`,
  `${CHIP}product_type`,
  `${CHIP}process_info`,
  `${CHIP}health_status`,
])

/** `npu_chip_info_error_code`, `…_1` to `…_9`: at most ten active codes. */
export const ERROR_CODE = /^npu_chip_info_error_code(?:_\d)?$/
/** `container_npu_*` repeat the chip's series for chips with a pod: never added to them. */
export const REPEATS = /^container_npu_/
/** Any of these says that the page is the exporter's. */
export const OWN_NAME = /^(?:npu_|vnpu_pod_|container_npu_|machine_npu_nums$)/
