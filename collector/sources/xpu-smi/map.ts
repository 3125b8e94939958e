import {
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import type { XpuRow } from './values.ts'

const MIB = 2 ** 20

interface MetricRule {
  readonly metric: MetricName
  /** The native figure; null when the layout does not print it. */
  readonly native: (row: XpuRow) => number | null
  /** Factor to the canonical unit. */
  readonly factor: number
  /** A printed 0 means "not there". */
  readonly zeroIsMissing?: true
}

/** Native field -> canonical metric, for all layouts. */
const RULES: readonly MetricRule[] = [
  { metric: 'busy_ratio', native: (row) => row.utilPercent, factor: 0.01 },
  { metric: 'power_watts', native: (row) => row.powerWatts, factor: 1, zeroIsMissing: true },
  {
    metric: 'power_limit_watts',
    native: (row) => row.powerCapWatts,
    factor: 1,
    zeroIsMissing: true,
  },
  {
    metric: 'temperature_celsius',
    native: (row) => row.temperatureCelsius,
    factor: 1,
    zeroIsMissing: true,
  },
  {
    metric: 'memory_temperature_celsius',
    native: (row) => row.memoryTemperatureCelsius,
    factor: 1,
  },
  { metric: 'memory_used_bytes', native: (row) => row.memory?.used ?? null, factor: MIB },
  {
    metric: 'memory_total_bytes',
    native: (row) => row.memory?.total ?? null,
    factor: MIB,
    zeroIsMissing: true,
  },
  { metric: 'fan_ratio', native: (row) => row.fanPercent, factor: 0.01 },
  { metric: 'performance_state', native: (row) => row.performanceState, factor: 1 },
  { metric: 'ecc_uncorrected_total', native: (row) => row.eccUncorrected, factor: 1 },
  { metric: 'decoder_busy_ratio', native: (row) => row.decoderPercent, factor: 0.01 },
  { metric: 'encoder_busy_ratio', native: (row) => row.encoderPercent, factor: 0.01 },
]

/**
 * The canonical values of a row; one outside its metric's range is handed to `refuse` and null. Percents are
 * divided, not multiplied, so that 37 becomes 0.37 exactly.
 */
export function metricsOf(row: XpuRow, refuse: (what: string) => void): MetricValues {
  const metrics: MetricValues = {}
  for (const { metric, native, factor, zeroIsMissing } of RULES) {
    const printed = native(row)
    metrics[metric] = null
    if (printed === null || (printed === 0 && zeroIsMissing === true)) continue
    const value = factor === 0.01 ? printed / 100 : printed * factor
    const definition = metricDefinition(metric)
    if (definition !== undefined && isPlausible(definition, value)) metrics[metric] = value
    else refuse(`${metric} ${value}`)
  }
  return metrics
}

/**
 * The model as screens name it: what the tool prints behind the family's name. A name nobody knows is kept;
 * an empty one is the family alone.
 */
export function modelOf(printed: string): string {
  // `-m` writes some names with underscores where the box has blanks.
  const name = printed.replaceAll('_', ' ').trim()
  if (name === '') return 'Kunlun'
  return /^kunlun/i.test(name) ? name : `Kunlun ${name}`
}
