import { bitSet, type Batch, type BatchColumn } from '#schemas/batch.ts'
import type { MetricDefinition, WireType } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import type { NativeColumn } from '../store/native-block.ts'

/** One batch on its way into the samples table. */
export interface SamplePart {
  readonly batch: Batch
  /** device_id of each device of the batch. */
  readonly ids: readonly bigint[]
  /** True for a device whose rows are left out: it came twice in this batch. */
  readonly leftOut: readonly boolean[]
  readonly shiftMs: number
  /** Place of the message in the log. */
  readonly position: number
}

export interface SampleBlock {
  readonly rows: number
  readonly columns: readonly NativeColumn[]
  /** Values outside the plausibility range of their metric, by metric: they became null. */
  readonly rejected: ReadonlyMap<string, number>
}

/** Bit of `samples.flags`: the collector's clock was off by more than 30 s and was corrected. */
export const FLAG_CLOCK_CORRECTED = 1

const WORD = 2 ** 32

/** An empty column of each wire type: every row null until it is written. */
const MAKE = {
  f32: (name: string, rows: number) =>
    ({
      name,
      type: 'Nullable(Float32)',
      values: new Float32Array(rows),
      nulls: allNull(rows),
    }) as const,
  f64: (name: string, rows: number) =>
    ({
      name,
      type: 'Nullable(Float64)',
      values: new Float64Array(rows),
      nulls: allNull(rows),
    }) as const,
  u8: (name: string, rows: number) =>
    ({
      name,
      type: 'Nullable(UInt8)',
      values: new Uint8Array(rows),
      nulls: allNull(rows),
    }) as const,
  u32: (name: string, rows: number) =>
    ({
      name,
      type: 'Nullable(UInt32)',
      values: new Uint32Array(rows),
      nulls: allNull(rows),
    }) as const,
} satisfies Record<WireType, (name: string, rows: number) => NativeColumn>

const allNull = (rows: number) => new Uint8Array(rows).fill(1)

interface Slice {
  readonly part: SamplePart
  /** Row numbers of the batch that exist and are not left out. */
  readonly picks: Uint32Array
  /** First row of this slice in the block. */
  readonly start: number
}

/**
 * Joins the rows of many batches into one block, column by column: message-sized blocks cost the store
 * ten times more. Rows keep the order of the log, then of tick and device. A metric that no batch
 * carries is left out and stays null by default.
 */
export function joinSamples(parts: readonly SamplePart[]): SampleBlock {
  const slices: Slice[] = []
  let rows = 0
  for (const part of parts) {
    const picks = pickRows(part)
    slices.push({ part, picks, start: rows })
    rows += picks.length
  }
  const rejected = new Map<string, number>()
  const columns = keyColumns(slices, rows)
  const given = columnsByName(slices)
  for (const metric of DEVICE_METRICS) {
    const parts = given.get(metric.name)
    if (parts === undefined) continue
    const column = MAKE[metric.wire](metric.name, rows)
    const copy = COPIERS[metric.wire]
    let refused = 0
    for (const part of parts) refused += copy(part, column, metric)
    if (refused > 0) rejected.set(metric.name, refused)
    columns.push(column)
  }
  return { rows, columns, rejected }
}

function pickRows({ batch, leftOut }: SamplePart): Uint32Array {
  const devices = batch.devices.length
  const total = devices * batch.ticks
  const picks = new Uint32Array(total)
  let count = 0
  for (let row = 0; row < total; row += 1) {
    if (bitSet(batch.present, row) && leftOut[row % devices] !== true) {
      picks[count] = row
      count += 1
    }
  }
  return picks.subarray(0, count)
}

/** Time, device and what else each row has. 64-bit values are written as two words: no BigInt per row. */
function keyColumns(slices: readonly Slice[], rows: number): NativeColumn[] {
  const ts = new Uint32Array(rows * 2)
  const ids = new Uint32Array(rows * 2)
  const positions = new Uint32Array(rows * 2)
  const steps = new Uint32Array(rows)
  const sources = new Uint8Array(rows)
  const flags = new Uint8Array(rows)
  for (const { part, picks, start } of slices) {
    const { batch, shiftMs, position } = part
    const devices = batch.devices.length
    const words = new Uint32Array(BigUint64Array.from(part.ids).buffer)
    const end = start + picks.length
    steps.fill(batch.stepMs, start, end)
    if (shiftMs !== 0) flags.fill(FLAG_CLOCK_CORRECTED, start, end)
    for (let index = 0; index < picks.length; index += 1) {
      const row = picks[index] ?? 0
      const device = row % devices
      const at = (start + index) * 2
      const ms = batch.t0Ms + shiftMs + ((row - device) / devices) * batch.stepMs
      ts[at] = ms % WORD
      ts[at + 1] = ms / WORD
      ids[at] = words[device * 2] ?? 0
      ids[at + 1] = words[device * 2 + 1] ?? 0
      positions[at] = position % WORD
      positions[at + 1] = position / WORD
      sources[start + index] = batch.busySource[row] ?? 0
    }
  }
  return [
    { name: 'ts', type: "DateTime64(3, 'UTC')", values: new BigInt64Array(ts.buffer) },
    { name: 'device_id', type: 'UInt64', values: new BigUint64Array(ids.buffer) },
    { name: 'step_ms', type: 'UInt32', values: steps },
    { name: 'log_position', type: 'UInt64', values: new BigUint64Array(positions.buffer) },
    { name: 'busy_source', type: 'UInt8', values: sources },
    { name: 'flags', type: 'UInt8', values: flags },
  ]
}

/** A column of one batch, and where its rows go. */
interface Given {
  readonly column: BatchColumn
  readonly slice: Slice
}

function columnsByName(slices: readonly Slice[]): Map<string, Given[]> {
  const byName = new Map<string, Given[]>()
  for (const slice of slices)
    for (const column of slice.part.batch.columns) {
      const given = byName.get(column.name)
      if (given === undefined) byName.set(column.name, [{ column, slice }])
      else given.push({ column, slice })
    }
  return byName
}

interface Target {
  readonly values: Float32Array | Float64Array | Uint8Array | Uint32Array
  readonly nulls: Uint8Array
}

/**
 * Copies the picked rows of one batch; returns how many values were implausible (NaN included) and became
 * null. One copier per array type, so that each loop only ever sees one and stays fast.
 */
const createCopier =
  () =>
  ({ column, slice }: Given, { values, nulls }: Target, { min, max }: MetricDefinition): number => {
    const { valid, values: from } = column
    const { picks, start } = slice
    let refused = 0
    for (let index = 0; index < picks.length; index += 1) {
      const row = picks[index] ?? 0
      if (((valid[row >> 3] ?? 0) & (1 << (row & 7))) === 0) continue
      const value = from[row] ?? Number.NaN
      if (value >= min && value <= max) {
        values[start + index] = value
        nulls[start + index] = 0
      } else refused += 1
    }
    return refused
  }

const COPIERS = {
  f32: createCopier(),
  f64: createCopier(),
  u8: createCopier(),
  u32: createCopier(),
} as const satisfies Record<WireType, unknown>
