/** What a row of the metric catalogue says, and how rows are written down. The rows: metrics.ts, node-metrics.ts. */

export type MetricUnit =
  | 'ratio'
  | 'watts'
  | 'joules'
  | 'celsius'
  | 'hertz'
  | 'bytes'
  | 'bytes_per_second'
  | 'seconds'
  | 'volts'
  | 'count'
  | 'code'
  | 'bitmask'
  | 'voltamperes'
  | 'amperes'
  | 'pascals'
  | 'liters_per_minute'
  | 'siemens_per_meter'
  | 'ntu'
  | 'ph'

/** Wire and store type: f32 for gauges, f64 for counters and bytes, u8 for codes, u32 for masks. */
export type WireType = 'f32' | 'f64' | 'u8' | 'u32'

/** How a bucket of samples becomes one value: time-weighted mean, extreme, last, or counter increase. */
export type SettleRule = 'mean' | 'max' | 'min' | 'last' | 'increase'

export interface MetricDefinition {
  readonly name: string
  readonly unit: MetricUnit
  /** gauge = level; counter = only rises until it restarts; enum = a code out of a list. */
  readonly kind: 'gauge' | 'counter' | 'enum'
  /** What it is measured on: an accelerator, its node, one link or port of either, or a meter of the site. */
  readonly scope: 'device' | 'node' | 'link' | 'meter'
  /** Inclusive plausibility range in canonical units; a value outside is rejected and counted. */
  readonly min: number
  readonly max: number
  readonly wire: WireType
  readonly settle: SettleRule
  /** What null means for this metric, shown on the Device page and in the docs. */
  readonly missing: string
  readonly label: { readonly en: string; readonly zh: string }
}

export interface RowOptions {
  readonly missing?: string
  readonly settle?: SettleRule
  readonly scope?: MetricDefinition['scope']
}

/** One row of the catalogue; settle rule and scope follow from kind unless said. */
export function metricRow<Name extends string>(
  name: Name,
  unit: MetricUnit,
  kind: MetricDefinition['kind'],
  range: readonly [min: number, max: number],
  wire: WireType,
  label: readonly [en: string, zh: string],
  options: RowOptions = {},
): MetricDefinition & { readonly name: Name } {
  const settle =
    options.settle ?? (kind === 'counter' ? 'increase' : kind === 'enum' ? 'last' : 'mean')
  const missing = options.missing ?? 'the source did not give a value'
  return {
    name,
    unit,
    kind,
    scope: options.scope ?? 'device',
    min: range[0],
    max: range[1],
    wire,
    settle,
    missing,
    label: { en: label[0], zh: label[1] },
  }
}

export const RATIO = [0, 1] as const
export const COUNT = [0, 2 ** 53] as const
/** Byte counters: NVLink at full load passes 2^53 within hours. Below DCGM's int64 blanks (2^63). */
export const BYTE_COUNT = [0, 9e18] as const
/** 16 TiB: above any accelerator memory on sale, below every int64 sentinel. */
export const MEMORY = [0, 2 ** 44] as const
/** 100 TB/s: above any scale-up link, below the double sentinel (1.4e14). */
export const LINK_RATE = [0, 1e14] as const
/** Board sensors below -40 or above 200 degrees are faults of the sensor, not of the room. */
export const TEMPERATURE = [-40, 200] as const
