import type { NativeColumn } from '../store/native-block.ts'
import type { Lender } from './array-pool.ts'
import type { BusyRows } from './busy-copies.ts'
import type { SamplePart } from './sample-block.ts'

/** The rows of one batch within a block. */
export interface SampleSlice {
  readonly part: SamplePart
  /** Row numbers of the batch that exist and are not left out; null = all of them. */
  readonly picks: Uint32Array | null
  /** First row of this slice in the block, and the one behind its last. */
  readonly start: number
  readonly end: number
}

/** Bit of `samples.flags`: the collector's clock was off by more than 30 s and was corrected. */
export const FLAG_CLOCK_CORRECTED = 1

const WORD = 2 ** 32

/** Rows that exist and are not left out; null when that is all of them. */
export function picksOf({ batch, leftOut }: SamplePart): Uint32Array | null {
  const { rows, presentAt, memory } = batch.block
  if (presentAt === -1 && leftOut === null) return null
  const { u8 } = memory
  const devices = batch.devices.length
  const picks = new Uint32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row += 1) {
    const isThere = presentAt === -1 || ((u8[presentAt + (row >> 3)] ?? 0) & (1 << (row & 7))) !== 0
    if (!isThere || leftOut?.[row % devices] === true) continue
    picks[count] = row
    count += 1
  }
  return count === rows ? null : picks.subarray(0, count)
}

interface Keys {
  readonly ts: Uint32Array
  readonly ids: Uint32Array
  readonly positions: Uint32Array
  readonly steps: Uint32Array
  readonly sources: Uint8Array
  readonly flags: Uint8Array
}

/** What each row has beside readings. */
export interface KeyColumns extends BusyRows {
  readonly columns: readonly NativeColumn[]
}

/** Time, device and what else each row has. 64-bit values are written as two words: no BigInt per row. */
export function keyColumns(
  slices: readonly SampleSlice[],
  rows: number,
  lender: Lender,
): KeyColumns {
  const keys: Keys = {
    ts: lender.u32(rows * 2),
    ids: lender.u32(rows * 2),
    positions: lender.u32(rows * 2),
    steps: lender.u32(rows),
    sources: lender.u8(rows),
    flags: lender.u8(rows).fill(0),
  }
  for (const slice of slices) {
    const { part, picks, start, end } = slice
    keys.steps.fill(part.batch.stepMs, start, end)
    if (part.shiftMs !== 0) keys.flags.fill(FLAG_CLOCK_CORRECTED, start, end)
    fillWords(keys.positions, part.position, start, end)
    if (picks === null) allKeys(slice, keys)
    else someKeys(slice, picks, keys)
  }
  const columns: NativeColumn[] = [
    {
      name: 'ts',
      type: "DateTime64(3, 'UTC')",
      values: new BigInt64Array(keys.ts.buffer, 0, rows),
    },
    { name: 'device_id', type: 'UInt64', values: new BigUint64Array(keys.ids.buffer, 0, rows) },
    { name: 'step_ms', type: 'UInt32', values: keys.steps },
    {
      name: 'log_position',
      type: 'UInt64',
      values: new BigUint64Array(keys.positions.buffer, 0, rows),
    },
    { name: 'busy_source', type: 'UInt8', values: keys.sources },
    { name: 'flags', type: 'UInt8', values: keys.flags },
  ]
  return { columns, sources: keys.sources, flags: keys.flags }
}

/** Every device at every tick: ids and times come in runs. */
function allKeys({ part, start, end }: SampleSlice, { ts, ids, sources }: Keys): void {
  const { batch, idWords, shiftMs } = part
  const { memory, busyAt, isBusyMixed } = batch.block
  const devices = batch.devices.length
  for (let tick = 0; tick < batch.ticks; tick += 1) {
    const first = start + tick * devices
    ids.set(idWords, first * 2)
    fillWords(ts, batch.t0Ms + shiftMs + tick * batch.stepMs, first, first + devices)
  }
  if (isBusyMixed) sources.set(memory.u8.subarray(busyAt, busyAt + (end - start)), start)
  else sources.fill(memory.u8[busyAt] ?? 0, start, end)
}

function someKeys(
  { part, start }: SampleSlice,
  picks: Uint32Array,
  { ts, ids, sources }: Keys,
): void {
  const { batch, idWords, shiftMs } = part
  const { memory, busyAt, isBusyMixed } = batch.block
  const devices = batch.devices.length
  for (let index = 0; index < picks.length; index += 1) {
    const row = picks[index] ?? 0
    const device = row % devices
    const at = start + index
    const ms = batch.t0Ms + shiftMs + ((row - device) / devices) * batch.stepMs
    fillWords(ts, ms, at, at + 1)
    ids[at * 2] = idWords[device * 2] ?? 0
    ids[at * 2 + 1] = idWords[device * 2 + 1] ?? 0
    sources[at] = memory.u8[isBusyMixed ? busyAt + row : busyAt] ?? 0
  }
}

/** One whole number below 2^53 into so many 64-bit places. */
function fillWords(words: Uint32Array, value: number, start: number, end: number): void {
  const low = value % WORD
  const high = Math.floor(value / WORD)
  for (let at = start * 2; at < end * 2; at += 2) {
    words[at] = low
    words[at + 1] = high
  }
}
