import { HEALTH_CODES, type MetricName } from '#schemas/metrics.ts'
import type { LinkMetricName } from '#schemas/node-metrics.ts'

/** The tool prints MB and means MiB. */
const MIB = 1_048_576

/** Units the tool prints in; `as_is` is canonical already (W, V, degrees, counts), `flag` says more than none. */
export type NativeUnit = 'as_is' | 'percent' | 'mib' | 'megahertz' | 'hugepages_2mib' | 'flag'

const CONVERSIONS: Readonly<Record<NativeUnit, (value: number) => number>> = {
  as_is: (value) => value,
  percent: (value) => value / 100,
  mib: (value) => value * MIB,
  megahertz: (value) => value * 1e6,
  hugepages_2mib: (value) => value * 2 * MIB,
  flag: (value) => (value > 0 ? 1 : 0),
}

/** Native unit -> canonical: ratio, bytes, hertz. */
export function toCanonical(value: number, unit: NativeUnit): number {
  return CONVERSIONS[unit](value)
}

/** A number of the `npu-smi info` box after failed zeros were taken out, native unit last. */
export type TableCell =
  | 'power_watts'
  | 'temperature_celsius'
  | 'aicore_percent'
  | 'npu_util_percent'
  | 'memory_used_mb'
  | 'memory_total_mb'
  | 'hugepages_used'

export interface TableRule {
  readonly metric: MetricName
  readonly unit: NativeUnit
}

/** Box cell -> canonical metric. */
export const TABLE_RULES: Readonly<Record<TableCell, TableRule>> = {
  power_watts: { metric: 'power_watts', unit: 'as_is' },
  temperature_celsius: { metric: 'temperature_celsius', unit: 'as_is' },
  aicore_percent: { metric: 'aicore_ratio', unit: 'percent' },
  npu_util_percent: { metric: 'npu_util_ratio', unit: 'percent' },
  memory_used_mb: { metric: 'memory_used_bytes', unit: 'mib' },
  memory_total_mb: { metric: 'memory_total_bytes', unit: 'mib' },
  hugepages_used: { metric: 'host_memory_used_bytes', unit: 'hugepages_2mib' },
}

/** Columns of the box that are read for counting or deciding only. */
export const TABLE_IGNORED: readonly string[] = ['Process name', 'Process memory(MB)']

export interface MetricRule {
  readonly metric: MetricName
  readonly unit: NativeUnit
  /** A printed 0 means "not there" (capacity, temperature, power), not zero. */
  readonly zeroIsMissing?: true
  /** Several keys of one metric: the first that speaks wins, or all are added. */
  readonly combine?: 'sum'
}

/**
 * Keys of `npu-smi info -t TYPE` without unit, lower case -> canonical metric. Order is preference: HBM
 * before DDR, because a 910B prints both and has only HBM.
 */
export const FIELD_METRICS: Readonly<Record<string, MetricRule>> = {
  'npu utilization': { metric: 'npu_util_ratio', unit: 'percent' },
  'aicore usage rate': { metric: 'aicore_ratio', unit: 'percent' },
  'aicube usage rate': { metric: 'aicube_ratio', unit: 'percent' },
  'aivector usage rate': { metric: 'aivector_ratio', unit: 'percent' },
  'vectorcore usage rate': { metric: 'aivector_ratio', unit: 'percent' },
  'hbm bandwidth usage rate': { metric: 'memory_bandwidth_active_ratio', unit: 'percent' },
  'ddr bandwidth usage rate': { metric: 'memory_bandwidth_active_ratio', unit: 'percent' },
  'memory bandwidth usage rate': { metric: 'memory_bandwidth_active_ratio', unit: 'percent' },
  'hbm capacity': { metric: 'memory_total_bytes', unit: 'mib', zeroIsMissing: true },
  'ddr capacity': { metric: 'memory_total_bytes', unit: 'mib', zeroIsMissing: true },
  'memory capacity': { metric: 'memory_total_bytes', unit: 'mib', zeroIsMissing: true },
  'npu real-time power': { metric: 'power_watts', unit: 'as_is', zeroIsMissing: true },
  'power dissipation': { metric: 'power_watts', unit: 'as_is', zeroIsMissing: true },
  'npu temperature': { metric: 'temperature_celsius', unit: 'as_is', zeroIsMissing: true },
  temperature: { metric: 'temperature_celsius', unit: 'as_is', zeroIsMissing: true },
  'hbm temperature': { metric: 'memory_temperature_celsius', unit: 'as_is', zeroIsMissing: true },
  voltage: { metric: 'voltage_volts', unit: 'as_is', zeroIsMissing: true },
  'aicore curfreq': { metric: 'sm_clock_hertz', unit: 'megahertz', zeroIsMissing: true },
  'aicore freq': { metric: 'sm_clock_max_hertz', unit: 'megahertz', zeroIsMissing: true },
  'hbm clock speed': { metric: 'memory_clock_hertz', unit: 'megahertz', zeroIsMissing: true },
  'ddr clock speed': { metric: 'memory_clock_hertz', unit: 'megahertz', zeroIsMissing: true },
  'aicpu usage rate': { metric: 'aicpu_ratio', unit: 'percent' },
  ...eccRules('hbm'),
  ...eccRules('ddr'),
}

/** Counters of `-t ecc` for one kind of memory; a chip with both kinds has the sum of both. */
function eccRules(memory: 'hbm' | 'ddr'): Record<string, MetricRule> {
  const sum = (metric: MetricName): MetricRule => ({ metric, unit: 'as_is', combine: 'sum' })
  const pending: MetricRule = { metric: 'retired_pages_pending', unit: 'flag', combine: 'sum' }
  return {
    [`${memory} single bit error count`]: sum('ecc_corrected_total'),
    [`${memory} double bit error count`]: sum('ecc_uncorrected_total'),
    [`${memory} single bit aggregate total err cnt`]: sum('ecc_corrected_lifetime_total'),
    [`${memory} double bit aggregate total err cnt`]: sum('ecc_uncorrected_lifetime_total'),
    [`${memory} single bit isolated pages count`]: sum('retired_pages_total'),
    [`${memory} double bit isolated pages count`]: sum('retired_pages_total'),
    [`${memory} single bit next isolated pages count`]: pending,
    [`${memory} double bit next isolated pages count`]: pending,
  }
}

/** Keys that are slow facts of a device: kept as labels. `NA` is left out. */
export const FIELD_LABELS: Readonly<Record<string, string>> = {
  'product name': 'product_name',
  model: 'product_model',
  'serial number': 'serial',
  'software version': 'driver_version',
  'firmware version': 'firmware_version',
  'cann version': 'cann_version',
  'ndie id': 'ndie_id',
  'aicore count': 'aicore_count',
  'rated power dissipation': 'rated_power_watts',
  'hccs health status': 'hccs_health',
}

/** Keys that identify, count or describe a fault: read by name in the code. */
export const FIELD_STRUCTURE: readonly string[] = [
  'npu id',
  'chip id',
  'chip count',
  'total count',
  'card count',
  'chip name',
  'vdie id',
  'ddie id',
  'pcie bus info',
  'health status',
  'health',
  'error code',
  'error information',
  'hccs lane mode',
]

/** What one value of a bracketed list of `-t hccs` is: one value per link, in the order of the links. */
export interface LinkRule {
  readonly metric: LinkMetricName
  readonly unit: 'as_is' | 'gigabit_per_second' | 'lanes'
}

/** Lists of `-t hccs` -> link metrics. The speed is that of the whole link (4 lanes of 56 Gbit/s: 224). */
export const LINK_FIELDS: Readonly<Record<string, LinkRule>> = {
  'hccs link lane list': { metric: 'link_up', unit: 'lanes' },
  'hccs link speed': { metric: 'link_rate_bytes_per_second', unit: 'gigabit_per_second' },
  'hccs tx bytes': { metric: 'link_tx_bytes_total', unit: 'as_is' },
  'hccs rx bytes': { metric: 'link_rx_bytes_total', unit: 'as_is' },
  'hccs retry count': { metric: 'link_replays_total', unit: 'as_is' },
  'hccs error count': { metric: 'link_errors_total', unit: 'as_is' },
}

/** Keys we know and give no canonical metric: capacity shares, CPU shares, packet counts, ids of no use. */
export const FIELD_IGNORED: readonly string[] = [
  'memory usage rate',
  'hbm usage rate',
  'ddr usage rate',
  'ddr hugepages total',
  'ddr hugepages usage rate',
  'memory hugepages total',
  'memory hugepages usage rate',
  'ctrlcpu usage rate',
  'dvpp vdec usage rate',
  'dvpp vpc usage rate',
  'dvpp venc usage rate',
  'dvpp jpege usage rate',
  'dvpp jpegd usage rate',
  'hbm manufacturer id',
  'manufacturer',
  'compatibility',
  'board id',
  'pcb id',
  'bom id',
  'slot id',
  'class id',
  'pci vendor id',
  'pci device id',
  'subsystem vendor id',
  'subsystem device id',
  'chip type',
  'chip version',
  'chip position id',
  'hccs first error lane',
  'hccs first err lane',
  'hccs tx packets',
  'hccs rx packets',
]

const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(FIELD_METRICS),
  ...Object.keys(FIELD_LABELS),
  ...Object.keys(LINK_FIELDS),
  ...FIELD_STRUCTURE,
  ...FIELD_IGNORED,
])

/** True for a key (lower case, no unit) that some answer of the tool prints. */
export function isKnownField(key: string): boolean {
  return KNOWN_FIELDS.has(key)
}

/** Columns of `npu-smi info watch`, lower case without unit -> canonical metric. */
export const WATCH_METRICS: Readonly<Record<string, MetricRule>> = {
  pwr: { metric: 'power_watts', unit: 'as_is', zeroIsMissing: true },
  temp: { metric: 'temperature_celsius', unit: 'as_is', zeroIsMissing: true },
  'ai core': { metric: 'aicore_ratio', unit: 'percent' },
  'ai cpu': { metric: 'aicpu_ratio', unit: 'percent' },
  'ai cube': { metric: 'aicube_ratio', unit: 'percent' },
  'npu util': { metric: 'npu_util_ratio', unit: 'percent' },
  'npu utilization': { metric: 'npu_util_ratio', unit: 'percent' },
  'memory bw': { metric: 'memory_bandwidth_active_ratio', unit: 'percent' },
}

/** Health word, lower case -> code; UNKNOWN and words we do not know are null. */
export function healthCode(word: string): number | null {
  switch (word.toLowerCase()) {
    case 'ok':
      return HEALTH_CODES.ok
    case 'warning':
      return HEALTH_CODES.warning
    case 'alarm':
      return HEALTH_CODES.alarm
    case 'critical':
      return HEALTH_CODES.critical
    default:
      return null
  }
}
