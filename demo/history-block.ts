import { BUSY_SOURCES, metricDefinition, type MetricName } from '#schemas/metrics.ts'
import type { NativeColumn } from '../ingest/store/native-block.ts'
import {
  FLAG_BUSY_IS_COUNTER,
  NEW_ARRAYS,
  WHOLE_NUMBERS,
  wholeColumns,
} from '../ingest/store/whole-numbers.ts'
import type { Fleet } from './fleet/layout.ts'
import { simMetrics, type SimMetric } from './fleet/readings.ts'
import type { FleetTick } from './fleet/state.ts'

/** Values of one tick as they go into the table, by metric and device position; NaN = null. */
export type TickValues = ReadonlyMap<MetricName, Float64Array>

export interface HistoryBlock {
  /** Stages one tick; `seal` must follow after `ticksPerSeal` of them. */
  stage(tick: FleetTick, stepMs: number): TickValues
  /** Moves what was staged into the block, device by device: the order of the table, so nothing is sorted. */
  seal(): void
  readonly rows: number
  /** The block's columns, cut to its rows; the block is empty afterwards. */
  take(): readonly NativeColumn[]
}

/** Ten minutes at ten seconds. */
const TICKS_MAX = 60
/** Values that wait for their place in the block: 20 metrics of this many rows are 64 MB. */
const STAGED_ROWS_MAX = 400_000
/** Which counter a vendor's simulated busy_ratio is taken from, as stored. */
export const BUSY_NVIDIA = BUSY_SOURCES.indexOf('gr_engine_active')
export const BUSY_ASCEND = BUSY_SOURCES.indexOf('npu_util')

/** Ticks to stage at most before they are sealed. */
export function ticksPerSeal(devices: number): number {
  return Math.max(1, Math.min(TICKS_MAX, Math.floor(STAGED_ROWS_MAX / devices)))
}

/** Collects history rows in table order. `capacity` rows at most between two takes. */
export function createHistoryBlock(
  fleet: Fleet,
  ids: readonly bigint[],
  capacity: number,
): HistoryBlock {
  const count = fleet.devices.length
  const ticksMax = ticksPerSeal(count)
  const buffers = simMetrics(fleet).map((metric) => ({
    metric,
    staged: new Float64Array(ticksMax * count),
    ...makeBuffer(metric, capacity),
  }))
  const keys = createKeyColumns(fleet, ids, capacity)
  /** Row of the block being sealed -> its cell in `staged`. */
  const cells = new Uint32Array(ticksMax * count)
  const present = new Uint8Array(ticksMax * count)
  const times = new Float64Array(ticksMax)
  const steps = new Uint32Array(ticksMax)
  let ticks = 0
  let rows = 0

  function stage(tick: FleetTick, stepMs: number): TickValues {
    if (ticks === ticksMax) throw new RangeError(`a block is sealed after ${ticksMax} ticks`)
    const [from, to] = [ticks * count, (ticks + 1) * count]
    const values = new Map<MetricName, Float64Array>()
    for (const { metric, staged } of buffers) {
      const into = staged.subarray(from, to)
      metric.fill(tick, into)
      values.set(metric.name, into)
    }
    present.set(tick.present, from)
    times[ticks] = tick.atMs
    steps[ticks] = stepMs
    ticks++
    return values
  }

  function seal(): void {
    const first = rows
    let found = 0
    for (let device = 0; device < count; device++) {
      for (let tick = 0; tick < ticks; tick++) {
        const cell = tick * count + device
        if (present[cell] !== 1) continue
        keys.put(first + found, device, times[tick] ?? 0, steps[tick] ?? 0)
        cells[found] = cell
        found++
      }
    }
    for (const { staged, values, nulls } of buffers)
      copyCells(staged, cells.subarray(0, found), { values, nulls, first })
    rows += found
    ticks = 0
  }

  function take(): readonly NativeColumn[] {
    const n = rows
    rows = 0
    return [
      ...keys.columns(n),
      ...busyColumns(buffers, n),
      ...buffers.flatMap((one) => one.columns(n)),
    ]
  }

  return {
    stage,
    seal,
    take,
    get rows() {
      return rows
    },
  }
}

type Values = Float32Array | Float64Array | Uint8Array | Uint32Array

interface MetricBuffer {
  readonly values: Values
  readonly nulls: Uint8Array
  /** The first `rows` values as the columns they are stored in. */
  columns(rows: number): readonly NativeColumn[]
}

function makeBuffer({ name }: SimMetric, capacity: number): MetricBuffer {
  const nulls = new Uint8Array(capacity)
  const cut = (rows: number) => ({ name, nulls: nulls.slice(0, rows) })
  const whole = WHOLE_NUMBERS.get(name)
  if (whole !== undefined) {
    const values = whole.type === 'Int32' ? new Float32Array(capacity) : new Float64Array(capacity)
    const columns = (n: number) =>
      wholeColumns({ values: values.slice(0, n), nulls: nulls.slice(0, n) }, whole, NEW_ARRAYS)
    return { values, nulls, columns }
  }
  switch (metricDefinition(name)?.wire) {
    case 'f64': {
      const values = new Float64Array(capacity)
      const type = 'Nullable(Float64)'
      return { values, nulls, columns: (n) => [{ ...cut(n), type, values: values.slice(0, n) }] }
    }
    case 'u8': {
      const values = new Uint8Array(capacity)
      const type = 'Nullable(UInt8)'
      return { values, nulls, columns: (n) => [{ ...cut(n), type, values: values.slice(0, n) }] }
    }
    case 'u32': {
      const values = new Uint32Array(capacity)
      const type = 'Nullable(UInt32)'
      return { values, nulls, columns: (n) => [{ ...cut(n), type, values: values.slice(0, n) }] }
    }
    default: {
      const values = new Float32Array(capacity)
      const type = 'Nullable(Float32)'
      return { values, nulls, columns: (n) => [{ ...cut(n), type, values: values.slice(0, n) }] }
    }
  }
}

function copyCells(
  staged: Float64Array,
  cells: Uint32Array,
  into: { readonly values: Values; readonly nulls: Uint8Array; readonly first: number },
): void {
  const { values, nulls, first } = into
  for (let r = 0; r < cells.length; r++) {
    const value = staged[cells[r] ?? 0] ?? Number.NaN
    const isMissing = value !== value
    values[first + r] = isMissing ? 0 : value
    nulls[first + r] = isMissing ? 1 : 0
  }
}

/** busy_ratio is each vendor's best counter, so it is not stored; one of the two is missing on every device. */
function busyColumns(
  buffers: readonly (MetricBuffer & { readonly metric: SimMetric })[],
  rows: number,
): NativeColumn[] {
  const engine = buffers.find(({ metric }) => metric.name === 'gr_engine_active_ratio')
  const sources = new Uint8Array(rows)
  for (let r = 0; r < rows; r++) sources[r] = engine?.nulls[r] === 0 ? BUSY_NVIDIA : BUSY_ASCEND
  return [
    { name: 'busy_source', type: 'UInt8', values: sources },
    { name: 'flags', type: 'UInt8', values: new Uint8Array(rows).fill(FLAG_BUSY_IS_COUNTER) },
  ]
}

/** Time, device and step of each row. 64-bit values go in as two words: a BigInt per row costs ten times more. */
function createKeyColumns(fleet: Fleet, ids: readonly bigint[], capacity: number) {
  const idWords = new Uint32Array(BigUint64Array.from(fleet.devices, (_, i) => ids[i] ?? 0n).buffer)
  const devices = new BigUint64Array(capacity)
  const deviceWords = new Uint32Array(devices.buffer)
  const times = new BigInt64Array(capacity)
  const timeWords = new Uint32Array(times.buffer)
  const steps = new Uint32Array(capacity)
  return {
    put(row: number, device: number, atMs: number, stepMs: number): void {
      deviceWords[2 * row] = idWords[2 * device] ?? 0
      deviceWords[2 * row + 1] = idWords[2 * device + 1] ?? 0
      timeWords[2 * row] = atMs % 2 ** 32
      timeWords[2 * row + 1] = Math.floor(atMs / 2 ** 32)
      steps[row] = stepMs
    },
    columns: (n: number): NativeColumn[] => [
      { name: 'ts', type: "DateTime64(3, 'UTC')", values: times.slice(0, n) },
      { name: 'device_id', type: 'UInt64', values: devices.slice(0, n) },
      { name: 'step_ms', type: 'UInt32', values: steps.slice(0, n) },
    ],
  }
}
