import { DEVICE_METRICS, metricDefinition, type MetricName } from '#schemas/metrics.ts'
import type { NativeColumn } from '../store/native-block.ts'
import { NEW_ARRAYS, OWN_BUSY_COLUMN, WHOLE_NUMBERS, wholeColumns } from '../store/whole-numbers.ts'
import type { PartSpan } from './stored-parts.ts'

/** Whose row it is (a device id as two words, low first), when, and how long it speaks. */
export interface SampleKey {
  readonly low: number
  readonly high: number
  readonly atMs: number
  readonly stepMs: number
  /** Position in BUSY_SOURCES. */
  readonly busySource: number
  /** Bits of `samples.flags`. */
  readonly flags: number
}

/** Rows of `samples` on their way into one insert. */
export interface SampleRows {
  /** Begins a row; its values follow. */
  add(key: SampleKey): void
  /** A value of the row that was begun last; what is left out is missing. */
  put(metric: MetricName, value: number): void
  /** The same for many values, by the metrics' places in DEVICE_METRICS: those of `values` from `offset` on that are numbers. */
  putSlots(slots: readonly number[], values: Float64Array, offset: number): void
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
const SLOTS = new Map<MetricName, number>(DEVICE_METRICS.map(({ name }, slot) => [name, slot]))

interface Buffer {
  readonly name: MetricName
  readonly values: Float32Array | Float64Array
  /** 1 = null. */
  readonly nulls: Uint8Array
}

export function createSampleRows(rowsMax: number): SampleRows {
  const ids = new Uint32Array(2 * rowsMax)
  const times = new Uint32Array(2 * rowsMax)
  const steps = new Uint32Array(rowsMax)
  const sources = new Uint8Array(rowsMax)
  const flags = new Uint8Array(rowsMax)
  /** Made when a metric has its first value: most files have a few of them. */
  const buffers: Buffer[] = []
  const bySlot: (Buffer | null)[] = DEVICE_METRICS.map(() => null)
  const days = new Set<number>()
  let rows = 0
  let span = { minMs: Infinity, maxMs: -Infinity }
  const bufferAt = (slot: number): Buffer => {
    const name = DEVICE_METRICS[slot]?.name
    if (name === undefined) throw new RangeError(`there is no metric ${slot}`)
    const buffer = newBuffer(name, rowsMax)
    buffers.push(buffer)
    bySlot[slot] = buffer
    return buffer
  }
  const putAt = (slot: number, value: number) => {
    const buffer = bySlot[slot] ?? bufferAt(slot)
    buffer.values[rows - 1] = value
    buffer.nulls[rows - 1] = 0
  }
  const putSlots = (slots: readonly number[], values: Float64Array, offset: number) => {
    for (const slot of slots) {
      const value = values[offset + slot] ?? Number.NaN
      if (!Number.isNaN(value)) putAt(slot, value)
    }
  }
  return {
    add({ low, high, atMs, stepMs, busySource, flags: bits }) {
      ids[2 * rows] = low
      ids[2 * rows + 1] = high
      times[2 * rows] = atMs % WORD
      times[2 * rows + 1] = Math.floor(atMs / WORD)
      steps[rows] = stepMs
      sources[rows] = busySource
      flags[rows] = bits
      rows += 1
      days.add(Math.floor(atMs / DAY_MS))
      if (atMs < span.minMs) span.minMs = atMs
      if (atMs > span.maxMs) span.maxMs = atMs
    },
    put: (metric, value) => putAt(SLOTS.get(metric) ?? -1, value),
    putSlots,
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
        { name: 'busy_source', type: 'UInt8', values: sources.slice(0, n) },
        { name: 'flags', type: 'UInt8', values: flags.slice(0, n) },
        ...buffers.flatMap(({ name, values, nulls }) =>
          metricColumns(name, values.slice(0, n), nulls.slice(0, n)),
        ),
      ]
      const taken = { columns, rows: n, ...span }
      rows = 0
      for (const { values, nulls } of buffers) {
        values.fill(0)
        nulls.fill(1)
      }
      days.clear()
      span = { minMs: Infinity, maxMs: -Infinity }
      return taken
    },
  }
}

const newBuffer = (name: MetricName, rows: number): Buffer => ({
  name,
  values: metricDefinition(name)?.wire === 'f64' ? new Float64Array(rows) : new Float32Array(rows),
  nulls: new Uint8Array(rows).fill(1),
})

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
