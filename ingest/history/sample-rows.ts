import { metricDefinition, type MetricName } from '#schemas/metrics.ts'
import type { NativeColumn } from '../store/native-block.ts'
import { NEW_ARRAYS, OWN_BUSY_COLUMN, WHOLE_NUMBERS, wholeColumns } from '../store/whole-numbers.ts'
import type { PartSpan } from './stored-parts.ts'

/** Which rows are of: device (as two words, low first), moment and how long they speak. */
export interface SampleKey {
  readonly low: number
  readonly high: number
  readonly atMs: number
  readonly stepMs: number
}

/** What a file says about where busy_ratio comes from; the same for all of its rows. */
export interface BusyColumn {
  /** Position in BUSY_SOURCES. */
  readonly source: number
  /** Bits of `samples.flags`. */
  readonly flags: number
}

/** Rows of `samples` on their way into one insert. */
export interface SampleRows {
  /** Values in the order of the metrics; null = missing. */
  add(key: SampleKey, values: readonly (number | null)[]): void
  /** Whether the next row should go into another insert: this one is full, or touches too many days. */
  isFull(atMs: number): boolean
  readonly rows: number
  /** The rows so far as columns; empty afterwards. */
  take(): PartSpan & { readonly columns: readonly NativeColumn[] }
}

/** An insert may touch 100 days of a table that is kept by the day. */
const DAYS_MAX = 90
const DAY_MS = 86_400_000
const WORD = 2 ** 32

export function createSampleRows(
  metrics: readonly MetricName[],
  { busy, rowsMax }: { readonly busy: BusyColumn; readonly rowsMax: number },
): SampleRows {
  const ids = new Uint32Array(2 * rowsMax)
  const times = new Uint32Array(2 * rowsMax)
  const steps = new Uint32Array(rowsMax)
  const buffers = metrics.map((name) => ({
    name,
    values:
      metricDefinition(name)?.wire === 'f64'
        ? new Float64Array(rowsMax)
        : new Float32Array(rowsMax),
    nulls: new Uint8Array(rowsMax),
  }))
  const days = new Set<number>()
  let rows = 0
  let span = { minMs: Infinity, maxMs: -Infinity }
  return {
    add({ low, high, atMs, stepMs }, values) {
      ids[2 * rows] = low
      ids[2 * rows + 1] = high
      times[2 * rows] = atMs % WORD
      times[2 * rows + 1] = Math.floor(atMs / WORD)
      steps[rows] = stepMs
      for (const [at, buffer] of buffers.entries()) {
        const value = values[at] ?? null
        buffer.values[rows] = value ?? 0
        buffer.nulls[rows] = value === null ? 1 : 0
      }
      rows += 1
      days.add(Math.floor(atMs / DAY_MS))
      if (atMs < span.minMs) span.minMs = atMs
      if (atMs > span.maxMs) span.maxMs = atMs
    },
    isFull: (atMs) =>
      rows >= rowsMax || (days.size >= DAYS_MAX && !days.has(Math.floor(atMs / DAY_MS))),
    get rows() {
      return rows
    },
    take() {
      const n = rows
      const columns: NativeColumn[] = [
        {
          name: 'ts',
          type: "DateTime64(3, 'UTC')",
          values: new BigInt64Array(times.slice(0, 2 * n).buffer),
        },
        {
          name: 'device_id',
          type: 'UInt64',
          values: new BigUint64Array(ids.slice(0, 2 * n).buffer),
        },
        { name: 'step_ms', type: 'UInt32', values: steps.slice(0, n) },
        { name: 'busy_source', type: 'UInt8', values: new Uint8Array(n).fill(busy.source) },
        { name: 'flags', type: 'UInt8', values: new Uint8Array(n).fill(busy.flags) },
        ...buffers.flatMap(({ name, values, nulls }) =>
          metricColumns(name, values.slice(0, n), nulls.slice(0, n)),
        ),
      ]
      const taken = { columns, rows: n, ...span }
      rows = 0
      days.clear()
      span = { minMs: Infinity, maxMs: -Infinity }
      return taken
    },
  }
}

/** Values of one metric as the columns that it is stored in. */
function metricColumns(
  name: MetricName,
  values: Float32Array | Float64Array,
  nulls: Uint8Array,
): NativeColumn[] {
  const whole = WHOLE_NUMBERS.get(name)
  if (whole !== undefined) return wholeColumns({ values, nulls }, whole, NEW_ARRAYS)
  if (name === 'busy_ratio')
    return [
      {
        name: OWN_BUSY_COLUMN,
        type: 'Nullable(Float32)',
        values: Float32Array.from(values),
        nulls,
      },
    ]
  const wire = metricDefinition(name)?.wire
  if (wire === 'u8')
    return [{ name, type: 'Nullable(UInt8)', values: Uint8Array.from(values), nulls }]
  if (wire === 'u32')
    return [{ name, type: 'Nullable(UInt32)', values: Uint32Array.from(values), nulls }]
  return values instanceof Float64Array
    ? [{ name, type: 'Nullable(Float64)', values, nulls }]
    : [{ name, type: 'Nullable(Float32)', values, nulls }]
}
