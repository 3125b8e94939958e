import type { LedgerState } from './ledger.ts'

/**
 * Values of the wall as bytes, for server and browser: no I/O, no validation library. Little-endian. After the header
 * of 40 bytes come, of a delta, the indexes of changed devices (u32 each), then each column in the order of
 * WALL_COLUMNS, one byte per device. 255 = not known.
 */

/** What a byte of state means, by its value: the ledger's states in their order. */
export const WALL_STATES = [
  'failed',
  'drained',
  'verification',
  'unknown',
  'unallocated',
  'idle_held',
  'throttled',
  'inefficient',
  'productive',
] as const satisfies readonly LedgerState[]

export const WALL_COLUMNS = [
  'state',
  'busy',
  'active',
  'effective',
  'margin',
  'power',
  'coverage',
] as const
export type WallColumn = (typeof WALL_COLUMNS)[number]

/** Where a byte says that nobody knows; of a state: that the device was not counted then. */
export const WALL_UNKNOWN = 255
/** Ratios 0..1 by 1/250; power is a share of the cap by 1/200, up to 1.25; more is the most. */
export const WALL_RATIO_STEPS = 250
export const WALL_POWER_STEPS = 200
/** A margin is half degrees from 25 below the slowdown point on. */
export const WALL_MARGIN_STEPS = 2
export const WALL_MARGIN_LEAST = -25
const BYTE_MAX = 250

const MAGIC = 0x4c415750
const VERSION = 1
const HEAD_BYTES = 40
/** More devices than any wall has; a longer answer is not ours. */
export const WALL_DEVICES_MAX = 1_000_000

export interface WallHead {
  /** `live`: coverage is the age of the newest sample, seconds. `settled`: the known share of the minute. */
  readonly source: 'live' | 'settled'
  /** Which layout the places mean: WallLayout.stamp. */
  readonly layoutStamp: number
  /** What `since` of the next question is; of a settled minute 0. */
  readonly stamp: number
  /** Epoch ms; of a settled minute its beginning. */
  readonly atMs: number
  /** Devices of that minute that have no place in the layout of now. */
  readonly elsewhere: number
  /** Epoch ms of the newest settled minute's beginning; 0 = nothing is settled. */
  readonly settledAtMs: number
}

export type WallData = Readonly<Record<WallColumn, Uint8Array>>

export type WallMessage = WallHead &
  (
    | { readonly kind: 'full'; readonly data: WallData }
    | { readonly kind: 'delta'; readonly indexes: Uint32Array; readonly data: WallData }
  )

/** Columns of so many devices of which nothing is known. */
export function emptyWall(devices: number): Record<WallColumn, Uint8Array> {
  const column = () => new Uint8Array(devices).fill(WALL_UNKNOWN)
  return {
    state: column(),
    busy: column(),
    active: column(),
    effective: column(),
    margin: column(),
    power: column(),
    coverage: column(),
  }
}

const stepped = (value: number | null, least: number, steps: number) =>
  value === null || !Number.isFinite(value)
    ? WALL_UNKNOWN
    : Math.max(0, Math.min(BYTE_MAX, Math.round((value - least) * steps)))

export const ratioByte = (ratio: number | null) => stepped(ratio, 0, WALL_RATIO_STEPS)
export const powerByte = (share: number | null) => stepped(share, 0, WALL_POWER_STEPS)
export const marginByte = (celsius: number | null) =>
  stepped(celsius, WALL_MARGIN_LEAST, WALL_MARGIN_STEPS)
export const ageByte = (seconds: number | null) => stepped(seconds, 0, 1)

/** A byte as what it stands for: ratios, a share of the cap, °C, or seconds of age; null = not known. */
export function wallValue(
  column: Exclude<WallColumn, 'state'>,
  byte: number,
  source: WallHead['source'],
): number | null {
  if (byte === WALL_UNKNOWN) return null
  if (column === 'power') return byte / WALL_POWER_STEPS
  if (column === 'margin') return byte / WALL_MARGIN_STEPS + WALL_MARGIN_LEAST
  if (column === 'coverage' && source === 'live') return byte
  return byte / WALL_RATIO_STEPS
}

/** Places at which two walls of one layout differ. */
export function wallChanges(before: WallData, after: WallData): Uint32Array {
  const changed = new Uint32Array(after.state.length)
  let count = 0
  for (let at = 0; at < changed.length; at += 1) {
    if (WALL_COLUMNS.some((column) => before[column][at] !== after[column][at])) {
      changed[count] = at
      count += 1
    }
  }
  return changed.slice(0, count)
}

/** Everything, as bytes. */
export function encodeWall(head: WallHead, data: WallData): Uint8Array<ArrayBuffer> {
  const count = data.state.length
  const bytes = new Uint8Array(HEAD_BYTES + WALL_COLUMNS.length * count)
  writeHead(bytes, head, { kind: 0, count })
  WALL_COLUMNS.forEach((column, at) => bytes.set(data[column], HEAD_BYTES + at * count))
  return bytes
}

/** Only the places that changed; `indexes` rise. */
export function encodeWallDelta(
  head: WallHead,
  data: WallData,
  indexes: Uint32Array,
): Uint8Array<ArrayBuffer> {
  const count = indexes.length
  const bytes = new Uint8Array(HEAD_BYTES + (4 + WALL_COLUMNS.length) * count)
  writeHead(bytes, head, { kind: 1, count })
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < count; at += 1) {
    const index = indexes[at] ?? 0
    view.setUint32(HEAD_BYTES + 4 * at, index, true)
    WALL_COLUMNS.forEach((column, place) => {
      bytes[HEAD_BYTES + (4 + place) * count + at] = data[column][index] ?? WALL_UNKNOWN
    })
  }
  return bytes
}

function writeHead(
  bytes: Uint8Array<ArrayBuffer>,
  head: WallHead,
  { kind, count }: { readonly kind: 0 | 1; readonly count: number },
): void {
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint8(4, VERSION)
  view.setUint8(5, kind)
  view.setUint8(6, head.source === 'live' ? 0 : 1)
  view.setUint8(7, WALL_COLUMNS.length)
  view.setUint32(8, head.layoutStamp, true)
  view.setUint32(12, head.stamp, true)
  view.setFloat64(16, head.atMs, true)
  view.setUint32(24, count, true)
  view.setUint32(28, head.elsewhere, true)
  view.setFloat64(32, head.settledAtMs, true)
}

/** Reads an answer. Throws RangeError for bytes that are none, of another version, or of another length than they say. */
export function decodeWall(buffer: ArrayBuffer): WallMessage {
  if (buffer.byteLength < HEAD_BYTES) throw new RangeError('values of the wall are cut short')
  const view = new DataView(buffer)
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('these are no values of the wall')
  if (view.getUint8(4) !== VERSION || view.getUint8(7) !== WALL_COLUMNS.length)
    throw new RangeError('values of the wall are of another version: load the page again')
  const kind = view.getUint8(5)
  const count = view.getUint32(24, true)
  const perDevice = WALL_COLUMNS.length + (kind === 0 ? 0 : 4)
  if (kind > 1 || count > WALL_DEVICES_MAX || buffer.byteLength !== HEAD_BYTES + perDevice * count)
    throw new RangeError('values of the wall are not as long as they say')
  const head: WallHead = {
    source: view.getUint8(6) === 0 ? 'live' : 'settled',
    layoutStamp: view.getUint32(8, true),
    stamp: view.getUint32(12, true),
    atMs: view.getFloat64(16, true),
    elsewhere: view.getUint32(28, true),
    settledAtMs: view.getFloat64(32, true),
  }
  const from = HEAD_BYTES + (kind === 0 ? 0 : 4 * count)
  const column = (at: number) => new Uint8Array(buffer, from + at * count, count)
  const data: WallData = {
    state: column(0),
    busy: column(1),
    active: column(2),
    effective: column(3),
    margin: column(4),
    power: column(5),
    coverage: column(6),
  }
  if (kind === 0) return { ...head, kind: 'full', data }
  return { ...head, kind: 'delta', indexes: new Uint32Array(buffer, HEAD_BYTES, count), data }
}

/**
 * Applies a message to the wall's columns and tells which places changed; null = all. Throws RangeError for a place
 * that the wall does not have.
 */
export function applyWall(
  columns: Record<WallColumn, Uint8Array>,
  message: WallMessage,
): Uint32Array | null {
  const devices = columns.state.length
  if (message.kind === 'full') {
    if (message.data.state.length !== devices)
      throw new RangeError('values of the wall are of another layout')
    for (const column of WALL_COLUMNS) columns[column].set(message.data[column])
    return null
  }
  if (message.indexes.some((index) => index >= devices))
    throw new RangeError('values of the wall are of another layout')
  for (const column of WALL_COLUMNS) {
    const [target, source] = [columns[column], message.data[column]]
    message.indexes.forEach((index, at) => {
      target[index] = source[at] ?? WALL_UNKNOWN
    })
  }
  return message.indexes
}

const IDS_MAGIC = 0x444c4157

/** The ids of all devices in the order of a layout. */
export function encodeWallIds(
  layoutStamp: number,
  ids: readonly bigint[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + 8 * ids.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, IDS_MAGIC, true)
  view.setUint32(4, layoutStamp, true)
  ids.forEach((id, at) => view.setBigUint64(8 + 8 * at, id, true))
  return bytes
}

/** Throws RangeError for bytes that are no ids. */
export function decodeWallIds(buffer: ArrayBuffer): {
  readonly layoutStamp: number
  readonly ids: BigUint64Array
} {
  const view = new DataView(buffer)
  const isOurs = buffer.byteLength >= 8 && view.getUint32(0, true) === IDS_MAGIC
  if (!isOurs || buffer.byteLength % 8 !== 0) throw new RangeError('these are no ids of the wall')
  return { layoutStamp: view.getUint32(4, true), ids: new BigUint64Array(buffer, 8) }
}
