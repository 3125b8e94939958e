import type { MetricDefinition, WireType } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import type { WireBatch } from '#schemas/wire.ts'
import { countBits, MODE_NARROW, MODE_SAME, MODE_SOME } from '#schemas/wire-block.ts'
import type { WireColumn } from '#schemas/wire-columns.ts'
import type { NativeColumn } from '../store/native-block.ts'
import { OWN_BUSY_COLUMN, WHOLE_NUMBERS, wholeColumns } from '../store/whole-numbers.ts'
import { type ArrayPool, createArrayPool, createLender, type Lender } from './array-pool.ts'
import { markCopies, withoutCopies } from './busy-copies.ts'
import { keyColumns, type KeyColumns, picksOf, type SampleSlice } from './sample-keys.ts'

/** One batch on its way into the samples table. */
export interface SamplePart {
  readonly batch: WireBatch
  /** device_id of each device of the batch, low word first, two words each. */
  readonly idWords: Uint32Array
  /** True for a device whose rows are left out, because it came twice in this batch; null = none is. */
  readonly leftOut: readonly boolean[] | null
  readonly shiftMs: number
  /** Place of the message in the log. */
  readonly position: number
}

export interface SampleBlock {
  readonly rows: number
  readonly columns: readonly NativeColumn[]
  /** Values outside the plausibility range of their metric, by metric: they became null. */
  readonly rejected: ReadonlyMap<string, number>
  /** Nobody reads the columns any more: their memory serves the next block. */
  readonly release: () => void
}

/** Memory of blocks that were inserted; the same blocks come out of it as out of new memory. */
const memory = createArrayPool()

type Values = Float32Array | Float64Array | Uint8Array | Uint32Array

/** A column of the block while it is filled, from its first row to its last. */
interface Target<Array extends Values = Values> {
  readonly metric: MetricDefinition
  readonly values: Array
  /** 1 = null; made when the first null is met, so that a column without any needs none. */
  nulls: Uint8Array | null
  /** Rows before this one are decided. */
  filledTo: number
  refused: number
  readonly lender: Lender
}

/** A column being filled, by the type of its values on the wire. */
type Filler =
  | { readonly type: 'f32'; readonly target: Target<Float32Array> }
  | { readonly type: 'f64'; readonly target: Target<Float64Array> }
  | { readonly type: 'u8'; readonly target: Target<Uint8Array> }
  | { readonly type: 'u32'; readonly target: Target<Uint32Array> }

/**
 * Joins the rows of many batches into one block, column by column: message-sized blocks cost the store
 * ten times more. Rows keep the order of the log, then of tick and device. A metric that no batch
 * carries is left out and stays null by default; a column without a null is sent as one that cannot have any.
 * Columns are those that are stored: see whole-numbers.ts. The same batches always give the same block.
 */
export function joinSamples(parts: readonly SamplePart[], pool: ArrayPool = memory): SampleBlock {
  const lender = createLender(pool)
  const slices: SampleSlice[] = []
  let rows = 0
  for (const part of parts) {
    const picks = picksOf(part)
    const count = picks?.length ?? part.batch.block.rows
    slices.push({ part, picks, start: rows, end: rows + count })
    rows += count
  }
  const fillers = new Map<string, Filler>()
  // Schemas only ever grow at their end, so one list by column id serves the batches of one schema.
  const byId = new Map<readonly WireColumn[], (Filler | undefined)[]>()
  for (const slice of slices) {
    const { schema } = slice.part.batch.block
    let known = byId.get(schema)
    if (known === undefined) {
      known = []
      byId.set(schema, known)
    }
    fillFrom(slice, known, (column) => fillerOf(fillers, column, rows, lender))
  }
  return { ...finish(fillers, keyColumns(slices, rows, lender), rows), release: lender.giveBack }
}

const METRICS: ReadonlyMap<string, MetricDefinition> = new Map(
  DEVICE_METRICS.map((metric) => [metric.name, metric]),
)

function fillerOf(
  fillers: Map<string, Filler>,
  { name, type }: WireColumn,
  rows: number,
  lender: Lender,
): Filler {
  const known = fillers.get(name)
  if (known !== undefined) return known
  const metric = METRICS.get(name)
  if (metric === undefined) throw new Error(`the wire knows ${name}, the catalogue does not`)
  const filler = newFiller(type, metric, rows, lender)
  fillers.set(name, filler)
  return filler
}

function newFiller(type: WireType, metric: MetricDefinition, rows: number, lender: Lender): Filler {
  const blank = { metric, nulls: null, filledTo: 0, refused: 0, lender }
  if (type === 'f32') return { type, target: { ...blank, values: lender.f32(rows) } }
  if (type === 'f64') return { type, target: { ...blank, values: lender.f64(rows) } }
  if (type === 'u8') return { type, target: { ...blank, values: lender.u8(rows) } }
  return { type, target: { ...blank, values: lender.u32(rows) } }
}

/** Where the values of one column of one batch lie, and which rows of the block they are for. */
interface Source {
  readonly u8: Uint8Array
  readonly rows: number
  readonly picks: Uint32Array | null
  readonly start: number
  readonly end: number
  /** First value in its array. */
  at: number
  /** One value stands for all. */
  isSame: boolean
  /** Bitmap of the rows that have a value; -1 = all have. */
  bitmapAt: number
}

/** Walks the columns of one batch as they lie (see wire-block.ts) and copies each into its place. */
function fillFrom(
  { part, picks, start, end }: SampleSlice,
  known: (Filler | undefined)[],
  make: (column: WireColumn) => Filler,
): void {
  const { block } = part.batch
  const { memory, schema, columns, rows, idsAt } = block
  const { u8, f32, f64, u32 } = memory
  const bitmapBytes = (rows + 7) >> 3
  let { bitmapsAt: bitmapAt, at8, at4, at1 } = block
  const source: Source = { u8, rows, picks, start, end, at: 0, isSame: false, bitmapAt: -1 }
  for (let n = 0; n < columns; n += 1) {
    const id = u8[idsAt + n] ?? 0
    const mode = u8[idsAt + columns + n] ?? 0
    let filler = known[id]
    if (filler === undefined) {
      const column = schema[id]
      if (column === undefined) return
      filler = make(column)
      known[id] = filler
    }
    let count = rows
    source.bitmapAt = -1
    if ((mode & MODE_SOME) !== 0) {
      source.bitmapAt = bitmapAt
      count = countBits(u8, bitmapAt, bitmapBytes)
      bitmapAt += bitmapBytes
    }
    source.isSame = (mode & MODE_SAME) !== 0
    if (source.isSame) count = 1
    if (filler.type === 'u8') {
      source.at = at1
      at1 += count
      FILL.u8(filler.target, u8, source)
    } else if (filler.type === 'f64' && (mode & MODE_NARROW) === 0) {
      source.at = at8
      at8 += count
      FILL.f64(filler.target, f64, source)
    } else {
      source.at = at4
      at4 += count
      if (filler.type === 'f32') FILL.f32(filler.target, f32, source)
      else if (filler.type === 'u32') FILL.u32(filler.target, u32, source)
      else FILL.narrow(filler.target, f32, source)
    }
  }
}

/**
 * Copies the rows of one batch into a column; a value outside the range of its metric (NaN included)
 * becomes null. One copier per pair of array types, so that each loop only ever sees one and stays fast.
 */
const createFill =
  <Array extends Values>() =>
  (target: Target<Array>, from: Values, source: Source): void => {
    const { values, metric } = target
    const { min, max } = metric
    const { start, end, at } = source
    if (target.filledTo < start) skipTo(target, start)
    target.filledTo = end
    if (source.picks !== null || source.bitmapAt !== -1) fillSome(target, from, source)
    else if (source.isSame) {
      const value = from[at] ?? Number.NaN
      if (value >= min && value <= max) values.fill(value, start, end)
      else fillSome(target, from, source)
    } else {
      let refused = 0
      const shift = at - start
      for (let row = start; row < end; row += 1) {
        const value = from[row + shift] ?? Number.NaN
        values[row] = value
        if (!(value >= min && value <= max)) refused += 1
      }
      if (refused > 0) fillSome(target, from, source)
    }
  }

const FILL = {
  f32: createFill<Float32Array>(),
  f64: createFill<Float64Array>(),
  narrow: createFill<Float64Array>(),
  u8: createFill<Uint8Array>(),
  u32: createFill<Uint32Array>(),
} as const

/** Row by row: where rows are left out, have no value or have an impossible one. */
function fillSome(target: Target, from: Values, source: Source): void {
  const { values, metric } = target
  const { u8, rows, picks, bitmapAt, isSame } = source
  let place = source.at
  let picked = 0
  for (let row = 0; row < rows; row += 1) {
    const has = bitmapAt === -1 || ((u8[bitmapAt + (row >> 3)] ?? 0) & (1 << (row & 7))) !== 0
    if (picks === null || picks[picked] === row) {
      const value = has ? (from[place] ?? Number.NaN) : 0
      const isGood = has && value >= metric.min && value <= metric.max
      if (has && !isGood) target.refused += 1
      values[source.start + picked] = isGood ? value : 0
      if (!isGood) nullsOf(target)[source.start + picked] = 1
      picked += 1
    }
    if (has && !isSame) place += 1
  }
}

function nullsOf(target: Target): Uint8Array {
  target.nulls ??= target.lender.u8(target.values.length).fill(0)
  return target.nulls
}

/** Rows of batches that do not have this column. */
function skipTo(target: Target, row: number): void {
  nullsOf(target).fill(1, target.filledTo, row)
  target.values.fill(0, target.filledTo, row)
  target.filledTo = row
}

/** Columns in the order of the catalogue. */
function finish(
  fillers: ReadonlyMap<string, Filler>,
  keys: KeyColumns,
  rows: number,
): Omit<SampleBlock, 'release'> {
  const rejected = new Map<string, number>()
  for (const [name, { target }] of fillers) {
    if (target.filledTo < rows) skipTo(target, rows)
    if (target.refused > 0) rejected.set(name, target.refused)
  }
  const columns = [...keys.columns]
  for (const { name } of DEVICE_METRICS) {
    const filler = fillers.get(name)
    if (filler === undefined) continue
    const whole = WHOLE_NUMBERS.get(name)
    if (name === 'busy_ratio') columns.push(...busyColumns(filler, fillers, keys))
    else if (whole !== undefined && (filler.type === 'f32' || filler.type === 'f64'))
      columns.push(...wholeColumns(filler.target, whole, filler.target.lender))
    else columns.push(nativeColumn(name, filler))
  }
  return { rows, columns, rejected }
}

/** What is left of busy_ratio without the rows where it repeats a counter of the block: mostly nothing. */
function busyColumns(
  busy: Filler,
  fillers: ReadonlyMap<string, Filler>,
  keys: KeyColumns,
): NativeColumn[] {
  if (busy.type !== 'f32') return [nativeColumn(OWN_BUSY_COLUMN, busy)]
  const { target } = busy
  const own = markCopies(target, keys, (name) => {
    const counter = fillers.get(name)
    return counter?.type === 'f32' ? counter.target : undefined
  })
  if (own === 0) return []
  if (own < target.values.length) withoutCopies(target, keys.flags, nullsOf(target))
  return [nativeColumn(OWN_BUSY_COLUMN, busy)]
}

function nativeColumn(name: string, { type, target }: Filler): NativeColumn {
  const { nulls } = target
  if (type === 'f32') {
    const { values } = target
    return nulls === null
      ? { name, type: 'Float32', values }
      : { name, type: 'Nullable(Float32)', values, nulls }
  }
  if (type === 'f64') {
    const { values } = target
    return nulls === null
      ? { name, type: 'Float64', values }
      : { name, type: 'Nullable(Float64)', values, nulls }
  }
  if (type === 'u8') {
    const { values } = target
    return nulls === null
      ? { name, type: 'UInt8', values }
      : { name, type: 'Nullable(UInt8)', values, nulls }
  }
  const { values } = target
  return nulls === null
    ? { name, type: 'UInt32', values }
    : { name, type: 'Nullable(UInt32)', values, nulls }
}
