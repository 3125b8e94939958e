import { bitSet, type Batch, type BatchColumn } from '#schemas/batch.ts'
import type { WireType } from '#schemas/metric-definition.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import type { WireColumn } from '#schemas/wire-columns.ts'

/**
 * The rows of a batch as bytes (version 2), values apart by width so that nothing but the first of them
 * needs padding:
 *
 *     column ids, modes (one byte each per column)
 *     bitmap of the rows that exist, unless all do
 *     busySource: one byte when all rows have the same, else one per row
 *     validity bitmaps of the columns that have one
 *     zeros up to a multiple of 8, then all 8-byte values, all 4-byte values, all 1-byte values
 *
 * Columns keep their order within each part. A column with a bitmap has values for its valid rows only.
 */

/** A bitmap says which rows have a value, and only those have one; without it all rows do. */
export const MODE_SOME = 1
/** One value stands for all rows that have one. */
export const MODE_SAME = 2
/** A float64 column as float32, which holds each of its values exactly. */
export const MODE_NARROW = 4
/** Bits of the row flags. */
export const ROWS_SOME = 1
export const BUSY_MIXED = 2

/** Bytes as arrays of every type; 8-byte values lie at offsets that are multiples of 8, and so on. */
export interface WireMemory {
  readonly u8: Uint8Array
  readonly u32: Uint32Array
  readonly f32: Float32Array
  readonly f64: Float64Array
}

/** Rows as they lie in memory: validated, not unpacked. Never written again; offsets count elements. */
export interface WireBlock {
  readonly rows: number
  readonly schema: readonly WireColumn[]
  readonly memory: WireMemory
  readonly columns: number
  /** First column id in `u8`; the modes follow the ids. */
  readonly idsAt: number
  /** Bitmap of the rows that exist, in `u8`; -1 = all do. */
  readonly presentAt: number
  /** In `u8`: one code for all rows, or one each. */
  readonly busyAt: number
  readonly isBusyMixed: boolean
  /** Validity bitmaps of the columns with MODE_SOME, in `u8`. */
  readonly bitmapsAt: number
  /** First value of each width, in `f64`, in `f32` and `u32`, and in `u8`. */
  readonly at8: number
  readonly at4: number
  readonly at1: number
}

/** What to write for a batch's rows, and how much it will be. */
export interface BlockPlan {
  readonly batch: Pick<Batch, 'present' | 'busySource' | 'columns'>
  readonly rows: number
  readonly ids: Uint8Array
  readonly modes: Uint8Array
  readonly rowFlags: number
  readonly valuesAt: number
  /** Values of 8 and of 4 bytes. */
  readonly count8: number
  readonly count4: number
  readonly bytes: number
}

/** Values of `bytes` bytes; `memory` is one buffer seen as arrays. Its length is a multiple of 8. */
export function wireMemory(bytes: number): WireMemory {
  const buffer = new ArrayBuffer(roundUp(bytes))
  return {
    u8: new Uint8Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
  }
}

const BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1
  return count
})

/** Bits set in a bitmap of so many bytes. */
export function countBits(bytes: Uint8Array, at: number, length: number): number {
  let count = 0
  for (let index = at; index < at + length; index += 1) count += BITS[bytes[index] ?? 0] ?? 0
  return count
}

/** Bytes per stored value of a column. */
export const widthOf = (type: WireType, mode: number): 8 | 4 | 1 =>
  type === 'f64' ? ((mode & MODE_NARROW) === 0 ? 8 : 4) : type === 'u8' ? 1 : 4

/** `ids` are the columns' places in the schema, in the order of the columns. */
export function planBlock(
  batch: BlockPlan['batch'],
  rows: number,
  ids: Uint8Array,
  schema: readonly WireColumn[],
): BlockPlan {
  const { present, busySource, columns } = batch
  const bitmapBytes = Math.ceil(rows / 8)
  const modes = new Uint8Array(ids.length)
  const counts = { 8: 0, 4: 0, 1: 0 }
  let bitmaps = 0
  for (const [n, column] of columns.entries()) {
    const type = schema[ids[n] ?? 0]?.type ?? 'f32'
    const valid = countBits(column.valid, 0, bitmapBytes)
    const mode = modeOf(column, rows, valid, type)
    modes[n] = mode
    if ((mode & MODE_SOME) !== 0) bitmaps += 1
    counts[widthOf(type, mode)] += (mode & MODE_SAME) === 0 ? valid : 1
  }
  const hasAbsent = countBits(present, 0, bitmapBytes) < rows
  const isMixed = busySource.some((code) => code !== busySource[0])
  const rowFlags = (hasAbsent ? ROWS_SOME : 0) | (isMixed ? BUSY_MIXED : 0)
  const rowBytes = (hasAbsent ? bitmapBytes : 0) + busyBytes(rows, isMixed)
  const valuesAt = roundUp(2 * ids.length + rowBytes + bitmaps * bitmapBytes)
  const bytes = valuesAt + 8 * counts[8] + 4 * counts[4] + counts[1]
  const [count8, count4] = [counts[8], counts[4]]
  return { batch, rows, ids, modes, rowFlags, valuesAt, count8, count4, bytes }
}

function modeOf(
  { valid: bitmap, values }: BatchColumn,
  rows: number,
  valid: number,
  type: WireType,
): number {
  const some = valid === rows ? 0 : MODE_SOME
  if (valid === 0) return some
  let first = 0
  if (some !== 0) while (!bitSet(bitmap, first)) first += 1
  const value = values[first] ?? 0
  let row = first + 1
  for (; row < rows; row += 1)
    if ((some === 0 || bitSet(bitmap, row)) && !Object.is(values[row], value)) break
  const same = row === rows ? MODE_SAME : 0
  if (type !== 'f64') return some | same
  for (row = first; row < rows; row += 1) {
    const one = values[row] ?? 0
    if ((some === 0 || bitSet(bitmap, row)) && Math.fround(one) !== one) return some | same
  }
  return some | same | MODE_NARROW
}

/** Writes a plan; `at` is a multiple of 8. */
export function writeBlock(plan: BlockPlan, memory: WireMemory, at: number): void {
  const { batch, rows, ids, modes, rowFlags } = plan
  const { u8 } = memory
  const bitmapBytes = Math.ceil(rows / 8)
  u8.set(ids, at)
  u8.set(modes, at + ids.length)
  let place = at + 2 * ids.length
  if ((rowFlags & ROWS_SOME) !== 0) {
    u8.set(batch.present, place)
    place += bitmapBytes
  }
  const isMixed = (rowFlags & BUSY_MIXED) !== 0
  if (isMixed) u8.set(batch.busySource, place)
  else if (rows > 0) u8[place] = batch.busySource[0] ?? 0
  place += busyBytes(rows, isMixed)
  const start8 = (at + plan.valuesAt) / 8
  const start4 = (start8 + plan.count8) * 2
  const next = { 8: start8, 4: start4, 1: (start4 + plan.count4) * 4 }
  for (const [n, { valid, values }] of batch.columns.entries()) {
    const mode = modes[n] ?? 0
    if ((mode & MODE_SOME) !== 0) {
      u8.set(valid, place)
      place += bitmapBytes
    }
    const [width, target] = targetOf(values, mode, memory)
    next[width] = put(values, (mode & MODE_SOME) === 0 ? null : valid, mode, target, next[width])
  }
}

type Values = BatchColumn['values']

function targetOf(values: Values, mode: number, memory: WireMemory): [8 | 4 | 1, Values] {
  if (values instanceof Float64Array)
    return (mode & MODE_NARROW) === 0 ? [8, memory.f64] : [4, memory.f32]
  if (values instanceof Float32Array) return [4, memory.f32]
  return values instanceof Uint32Array ? [4, memory.u32] : [1, memory.u8]
}

/** Returns the place behind what was written. */
function put(
  values: Values,
  valid: Uint8Array | null,
  mode: number,
  target: Values,
  at: number,
): number {
  if (valid === null) {
    if ((mode & MODE_SAME) === 0) target.set(values, at)
    else target[at] = values[0] ?? 0
    return at + ((mode & MODE_SAME) === 0 ? values.length : 1)
  }
  let place = at
  for (let row = 0; row < values.length; row += 1) {
    if (!bitSet(valid, row)) continue
    target[place] = values[row] ?? 0
    place += 1
    if ((mode & MODE_SAME) !== 0) break
  }
  return place
}

/** How a block that claims to be at a place in memory is described from outside. */
export interface BlockClaim {
  readonly rows: number
  readonly columns: number
  readonly rowFlags: number
  readonly bytes: number
}

/** The block at a place in memory (a multiple of 8), or null when the bytes are none. Never throws. */
export function readBlock(
  memory: WireMemory,
  at: number,
  claim: BlockClaim,
  schema: readonly WireColumn[],
): WireBlock | null {
  const { rows, columns, rowFlags, bytes } = claim
  const { u8 } = memory
  const bitmapBytes = Math.ceil(rows / 8)
  const spare = rows % 8 === 0 ? 0 : (0xff << (rows % 8)) & 0xff
  const end = at + bytes
  const isMixed = (rowFlags & BUSY_MIXED) !== 0
  const presentAt = (rowFlags & ROWS_SOME) === 0 ? -1 : at + 2 * columns
  const busyAt = at + 2 * columns + (presentAt === -1 ? 0 : bitmapBytes)
  const bitmapsAt = busyAt + busyBytes(rows, isMixed)
  if (rowFlags > (ROWS_SOME | BUSY_MIXED) || bitmapsAt > end) return null
  if (presentAt !== -1 && ((u8[busyAt - 1] ?? 0) & spare) !== 0) return null
  for (let index = busyAt; index < bitmapsAt; index += 1)
    if ((u8[index] ?? 0) >= BUSY_SOURCES.length) return null
  stamp = (stamp + 1) >>> 0
  let bitmapAt = bitmapsAt
  let [count8, count4, count1] = [0, 0, 0]
  for (let n = 0; n < columns; n += 1) {
    const id = u8[at + n] ?? 0
    const mode = u8[at + columns + n] ?? 0
    const type = schema[id]?.type
    if (type === undefined || seen[id] === stamp || mode > 7) return null
    seen[id] = stamp
    if ((mode & MODE_NARROW) !== 0 && type !== 'f64') return null
    let count = rows
    if ((mode & MODE_SOME) !== 0) {
      if (bitmapAt + bitmapBytes > end) return null
      count = countBits(u8, bitmapAt, bitmapBytes)
      bitmapAt += bitmapBytes
      if (((u8[bitmapAt - 1] ?? 0) & spare) !== 0 && rows > 0) return null
    }
    if ((mode & MODE_SAME) !== 0) {
      // Nothing has no value to share.
      if (count === 0) return null
      count = 1
    }
    if (type === 'u8') count1 += count
    else if (type === 'f64' && (mode & MODE_NARROW) === 0) count8 += count
    else count4 += count
  }
  const at8 = roundUp(bitmapAt) / 8
  const at4 = (at8 + count8) * 2
  const at1 = (at4 + count4) * 4
  if (at1 + count1 !== end) return null
  const places = { idsAt: at, presentAt, busyAt, bitmapsAt, at8, at4, at1 }
  return { rows, schema, memory, columns, isBusyMixed: isMixed, ...places }
}

/** Which call last met a column id: a set that needs no clearing. */
const seen = new Uint32Array(256)
let stamp = 0

const ARRAYS = {
  f32: Float32Array,
  f64: Float64Array,
  u8: Uint8Array,
  u32: Uint32Array,
} as const satisfies Record<WireType, unknown>

/** The rows as a batch has them: every column with a bitmap and a value per row, 0 where there is none. */
export function unpackBlock(block: WireBlock): Pick<Batch, 'present' | 'busySource' | 'columns'> {
  const { rows, memory, presentAt, busyAt, isBusyMixed } = block
  const { u8 } = memory
  const bitmapBytes = Math.ceil(rows / 8)
  const present = presentAt === -1 ? allSet(rows) : u8.slice(presentAt, presentAt + bitmapBytes)
  const busySource = isBusyMixed
    ? u8.slice(busyAt, busyAt + rows)
    : new Uint8Array(rows).fill(u8[busyAt] ?? 0)
  const columns: BatchColumn[] = []
  const next = { 8: block.at8, 4: block.at4, 1: block.at1 }
  let bitmapAt = block.bitmapsAt
  for (let n = 0; n < block.columns; n += 1) {
    const column = block.schema[u8[block.idsAt + n] ?? 0]
    if (column === undefined) break
    const { name, type } = column
    const mode = u8[block.idsAt + block.columns + n] ?? 0
    let valid = allSet(rows)
    if ((mode & MODE_SOME) !== 0) {
      valid = u8.slice(bitmapAt, bitmapAt + bitmapBytes)
      bitmapAt += bitmapBytes
    }
    const width = widthOf(type, mode)
    const source = width === 8 ? memory.f64 : width === 1 ? u8 : u32OrF32(type, memory)
    const values = new ARRAYS[type](rows)
    let place = next[width]
    for (let row = 0; row < rows; row += 1) {
      if (!bitSet(valid, row)) continue
      values[row] = source[place] ?? 0
      if ((mode & MODE_SAME) === 0) place += 1
    }
    next[width] = place + ((mode & MODE_SAME) === 0 ? 0 : 1)
    columns.push({ name, valid, values })
  }
  return { present, busySource, columns }
}

const u32OrF32 = (type: WireType, { u32, f32 }: WireMemory) => (type === 'u32' ? u32 : f32)

function allSet(rows: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(rows / 8)).fill(0xff)
  for (let row = rows; row < bitmap.length * 8; row += 1)
    bitmap[row >> 3] = (bitmap[row >> 3] ?? 0) & ~(1 << (row & 7))
  return bitmap
}

const busyBytes = (rows: number, isMixed: boolean) => (isMixed ? rows : Math.min(rows, 1))
const roundUp = (bytes: number) => (bytes + 7) & ~7
