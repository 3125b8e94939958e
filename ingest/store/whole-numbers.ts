import type { MetricName } from '#schemas/metrics.ts'
import type { NativeColumn } from './native-block.ts'

/** How a metric is stored that tools print with decimals: as a whole number of a small unit (docs/decisions/0015). */
export interface WholeNumber {
  /** Column of the whole numbers. */
  readonly column: string
  readonly type: 'Int32' | 'Int64'
  /** Small units in one unit of the metric. */
  readonly perUnit: number
  /** Column of the values that are no whole number of the small unit: nothing is ever rounded. */
  readonly restColumn: string
}

const ratio = (name: MetricName): [MetricName, WholeNumber] => [
  name,
  { column: `${name}_ppm`, type: 'Int32', perUnit: 1e6, restColumn: `${name}_f32` },
]

/** Metrics of `samples` whose column under their own name is computed; see migration 011. */
export const WHOLE_NUMBERS: ReadonlyMap<string, WholeNumber> = new Map<MetricName, WholeNumber>([
  ratio('gr_engine_active_ratio'),
  ratio('sm_active_ratio'),
  ratio('sm_occupancy_ratio'),
  ratio('tensor_active_ratio'),
  ratio('fp64_active_ratio'),
  ratio('fp32_active_ratio'),
  ratio('fp16_active_ratio'),
  ratio('memory_bandwidth_active_ratio'),
  [
    'power_watts',
    { column: 'power_milliwatts', type: 'Int32', perUnit: 1e3, restColumn: 'power_watts_f32' },
  ],
  [
    'energy_joules_total',
    {
      column: 'energy_millijoules_total',
      type: 'Int64',
      perUnit: 1e3,
      restColumn: 'energy_joules_total_f64',
    },
  ],
])

/** Column of a busy_ratio that is not a copy of the counter which busy_source names. */
export const OWN_BUSY_COLUMN = 'busy_ratio_f32'

/** Bit of `samples.flags`: busy_ratio is the counter that busy_source names, and is not stored itself. */
export const FLAG_BUSY_IS_COUNTER = 2

/** Readings of one metric; null marks only where something is null. */
export interface Readings {
  readonly values: Float32Array | Float64Array
  /** 1 = null. */
  readonly nulls: Uint8Array | null
}

/** Where arrays come from; what they hold at first is anything. */
export interface Arrays {
  u8(length: number): Uint8Array
  u32(length: number): Uint32Array
  i32(length: number): Int32Array
  f32(length: number): Float32Array
  f64(length: number): Float64Array
}

export const NEW_ARRAYS: Arrays = {
  u8: (length) => new Uint8Array(length),
  u32: (length) => new Uint32Array(length),
  i32: (length) => new Int32Array(length),
  f32: (length) => new Float32Array(length),
  f64: (length) => new Float64Array(length),
}

/**
 * The columns that readings are stored in. Reading the metric gives the very numbers that came in: a value that is
 * no whole number of the unit, or too large for the column, goes into a second column, which is left out when there is none.
 */
export function wholeColumns(readings: Readings, as: WholeNumber, arrays: Arrays): NativeColumn[] {
  return as.type === 'Int32'
    ? columnsOf(readings, as, arrays, fillInt32(readings.values, as, arrays))
    : columnsOf(readings, as, arrays, fillInt64(readings.values, as, arrays))
}

/** Whole numbers as they are sent, and how many of the values do not come back from them. */
type Whole = {
  readonly misfits: number
  /** Makes the place of a value that is kept elsewhere cost nothing. */
  readonly clear: (row: number) => void
} & (
  | { readonly type: 'Int32'; readonly values: Int32Array }
  | { readonly type: 'Int64'; readonly values: BigInt64Array }
)

function fillInt32(values: Readings['values'], { perUnit }: WholeNumber, arrays: Arrays): Whole {
  const whole = arrays.i32(values.length)
  let misfits = 0
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? Number.NaN
    const rounded = Math.round(value * perUnit)
    whole[row] = rounded
    // Also where it did not fit into 32 bits.
    if (whole[row] !== rounded || Math.fround(rounded / perUnit) !== value) misfits += 1
  }
  return { type: 'Int32', values: whole, misfits, clear: (row) => (whole[row] = 0) }
}

const WORD = 2 ** 32

/** As two words each, low first: a BigInt per row costs ten times more. */
function fillInt64(values: Readings['values'], { perUnit }: WholeNumber, arrays: Arrays): Whole {
  const words = arrays.u32(values.length * 2)
  let misfits = 0
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? Number.NaN
    const rounded = Math.round(value * perUnit)
    words[row * 2] = rounded
    words[row * 2 + 1] = Math.floor(rounded / WORD)
    if (!Number.isSafeInteger(rounded) || rounded / perUnit !== value) misfits += 1
  }
  const whole = new BigInt64Array(words.buffer, words.byteOffset, values.length)
  return { type: 'Int64', values: whole, misfits, clear: (row) => (whole[row] = 0n) }
}

/** Whether a value comes back from its whole number. */
function isWhole(value: number, { type, perUnit }: WholeNumber): boolean {
  const rounded = Math.round(value * perUnit)
  return type === 'Int32'
    ? (rounded | 0) === rounded && Math.fround(rounded / perUnit) === value
    : Number.isSafeInteger(rounded) && rounded / perUnit === value
}

function columnsOf(
  { values, nulls }: Readings,
  as: WholeNumber,
  arrays: Arrays,
  whole: Whole,
): NativeColumn[] {
  if (whole.misfits === 0) return [wholeColumn(as.column, whole, nulls)]
  const rows = values.length
  const wholeNulls = arrays.u8(rows).fill(0)
  const restNulls = arrays.u8(rows).fill(1)
  const rest = as.type === 'Int32' ? arrays.f32(rows) : arrays.f64(rows)
  rest.fill(0)
  let wholes = 0
  for (let row = 0; row < rows; row += 1) {
    const value = values[row] ?? Number.NaN
    const isNull = nulls?.[row] === 1
    if (!isNull && isWhole(value, as)) {
      wholes += 1
      continue
    }
    wholeNulls[row] = 1
    whole.clear(row)
    if (isNull) continue
    restNulls[row] = 0
    rest[row] = value
  }
  if (wholes === 0) return [restColumn(as.restColumn, values, nulls)]
  return [wholeColumn(as.column, whole, wholeNulls), restColumn(as.restColumn, rest, restNulls)]
}

function restColumn(
  name: string,
  values: Readings['values'],
  nulls: Uint8Array | null,
): NativeColumn {
  if (values instanceof Float32Array)
    return nulls === null
      ? { name, type: 'Float32', values }
      : { name, type: 'Nullable(Float32)', values, nulls }
  return nulls === null
    ? { name, type: 'Float64', values }
    : { name, type: 'Nullable(Float64)', values, nulls }
}

function wholeColumn(name: string, whole: Whole, nulls: Uint8Array | null): NativeColumn {
  if (whole.type === 'Int32') {
    const { type, values } = whole
    return nulls === null
      ? { name, type, values }
      : { name, type: `Nullable(${type})`, values, nulls }
  }
  const { type, values } = whole
  return nulls === null
    ? { name, type, values }
    : { name, type: `Nullable(${type})`, values, nulls }
}
