import type { MetricName } from '#schemas/metrics.ts'

/** What cnmon prints in canonical metrics: data, no behaviour. MB and MiB both mean MiB. */
export type NativeUnit = 'as_is' | 'percent' | 'mib'

const FACTORS: Readonly<Record<NativeUnit, readonly [times: number, over: number]>> = {
  as_is: [1, 1],
  percent: [1, 100],
  mib: [1_048_576, 1],
}

/** Native value -> canonical unit. */
export function toCanonical(value: number, unit: NativeUnit): number {
  const [times, over] = FACTORS[unit]
  return (value * times) / over
}

export interface CellRule {
  readonly metric: MetricName
  readonly unit: NativeUnit
  /** 0 means that there is no fan or sensor, or that nothing was read. */
  readonly zeroIsMissing?: true
}

/** A number of the box, native unit last. */
export type BoxCell =
  | 'util_percent'
  | 'fan_percent'
  | 'temperature_celsius'
  | 'power_watts'
  | 'power_cap_watts'
  | 'memory_used_mib'
  | 'memory_total_mib'
  | 'ecc_errors'

/** Box cell -> canonical metric. Virtual memory is address space and has none. */
export const BOX_RULES: Readonly<Record<BoxCell, CellRule | null>> = {
  util_percent: { metric: 'busy_ratio', unit: 'percent' },
  // MLU370 boards have no fan of their own and print 0%.
  fan_percent: { metric: 'fan_ratio', unit: 'percent', zeroIsMissing: true },
  temperature_celsius: { metric: 'temperature_celsius', unit: 'as_is', zeroIsMissing: true },
  power_watts: { metric: 'power_watts', unit: 'as_is', zeroIsMissing: true },
  power_cap_watts: { metric: 'power_limit_watts', unit: 'as_is', zeroIsMissing: true },
  memory_used_mib: { metric: 'memory_used_bytes', unit: 'mib' },
  memory_total_mib: { metric: 'memory_total_bytes', unit: 'mib', zeroIsMissing: true },
  // Which errors the column counts is not documented: listed as ignored, never a counter.
  ecc_errors: null,
}

/** Columns that are read and have no canonical metric. */
export const BOX_IGNORED = { ecc_errors: 'Ecc-Error', virtual_memory: 'vMemory-Usage' } as const

/** Path in an entry of `cnmon_info.json` -> canonical metric. */
export const JSON_RULES: readonly { readonly path: readonly string[]; readonly rule: CellRule }[] =
  [
    { path: ['Utilization', 'MLUAverage'], rule: { metric: 'busy_ratio', unit: 'percent' } },
    {
      path: ['Temperature', 'Chip'],
      rule: { metric: 'temperature_celsius', unit: 'as_is', zeroIsMissing: true },
    },
    { path: ['PhysicalMemUsage', 'Used'], rule: { metric: 'memory_used_bytes', unit: 'mib' } },
    {
      path: ['PhysicalMemUsage', 'Total'],
      rule: { metric: 'memory_total_bytes', unit: 'mib', zeroIsMissing: true },
    },
  ]

/** `16 GT/s` -> PCIe generation. */
export const PCIE_GENERATION: Readonly<Record<string, number>> = {
  '2.5': 1,
  '5': 2,
  '8': 3,
  '16': 4,
  '32': 5,
  '64': 6,
}
