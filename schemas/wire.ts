import { crc32 } from 'node:zlib'
import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import { z } from 'zod'
import { BATCH_LIMITS, type Batch, type BatchColumn, type BatchDevice } from '#schemas/batch.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { WireType } from '#schemas/metric-definition.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import { isPlainMsgpack } from '#schemas/msgpack-scan.ts'
import { BatchRecord } from '#schemas/records.ts'
import { BOOT_PATTERN, ID_PATTERN } from '#schemas/subjects.ts'
import { decodeDevices, encodeDevices } from '#schemas/wire-devices.ts'
import { WIRE_BYTES, WIRE_SCHEMAS, type WireColumn } from '#schemas/wire-columns.ts'

/**
 * A batch as bytes, in the spool and on the bus:
 *
 *     'PLM1' | u32 LE crc32 of the rest | MessagePack array, by position:
 *     [v, schemaId, cluster, collector, boot, seq, simulated, t0Ms, stepMs, ticks,
 *      devices (bin, see wire-devices.ts), present (bin), busySource (bin), columnIds (bin), block (bin), records]
 *
 * columnIds are positions in the schema's column list, one byte each. The block holds for each of them
 * the validity bitmap and then the little-endian values, both padded to 8 bytes, so that one copy makes
 * every column an aligned typed array. Little-endian hosts only (x64, arm64).
 *
 * This file and wire-devices.ts are the two places in schemas/ that need more than zod: msgpackr (plain
 * JavaScript, its native part is not used) and crc32 of node:zlib. The browser never loads them.
 */

const MAGIC = 0x31_4d_4c_50 // 'PLM1' read as u32 LE
const HEADER_BYTES = 8
const VERSION = 1
const FIELDS = 16

/** What holds the values of a wire type. */
const ARRAYS = {
  f32: Float32Array,
  f64: Float64Array,
  u8: Uint8Array,
  u32: Uint32Array,
} as const satisfies Record<WireType, unknown>

/** Intervals that divide a minute (DEFINITIONS section 1), ms. */
export const STEPS_MS: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60].map(
  (seconds) => seconds * 1000,
)

/** Why bytes are not a batch: a fixed list, so that it can label a counter. */
export const DECODE_REASONS = [
  'too_large',
  'too_short',
  'bad_magic',
  'bad_crc',
  'bad_envelope',
  'unknown_version',
  'unknown_schema',
  'bad_identity',
  'bad_time',
  'bad_rows',
  'bad_devices',
  'bad_columns',
  'bad_records',
] as const
export type DecodeReason = (typeof DECODE_REASONS)[number]

export type DecodeResult =
  | { readonly ok: true; readonly batch: Batch }
  | { readonly ok: false; readonly reason: DecodeReason }

/** The device list in these bytes, from memory or decoded; null when they are not one. */
type DeviceDecoder = (blob: Uint8Array, sender: string) => readonly BatchDevice[] | null

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })
const Records = z.array(BatchRecord).max(BATCH_LIMITS.records)

/** Depth of envelope, record list, record, `rejected` or `examples`; values of 4,096 large records. */
const SCAN_LIMITS = { depth: 6, values: 300_000 } as const

// Memory of pure results by identity, collected with its keys.
const encodedDevices = new WeakMap<readonly BatchDevice[], Uint8Array>()
const idsByName = new WeakMap<readonly WireColumn[], ReadonlyMap<string, number>>()

/**
 * The bytes of a batch. The device list is remembered by the identity of its array, so hand over the same
 * array while it does not change, and a new one when it does. Throws E_TOO_LARGE beyond
 * BATCH_LIMITS.bytes: the caller splits the batch. Throws E_INTERNAL when lengths or types disagree.
 */
export function encodeBatch(batch: Batch): Uint8Array {
  let devices = encodedDevices.get(batch.devices)
  if (devices === undefined) {
    devices = encodeDevices(batch.devices)
    encodedDevices.set(batch.devices, devices)
  }
  const schema = WIRE_SCHEMAS.get(batch.schemaId)
  if (schema === undefined) throw mismatch(`schema ${batch.schemaId} is not defined`)
  const rows = batch.ticks * batch.devices.length
  if (batch.present.length !== Math.ceil(rows / 8) || batch.busySource.length !== rows)
    throw mismatch(`${rows} rows, but presence or busy source has another length`)
  const columnIds = new Uint8Array(batch.columns.length)
  batch.columns.forEach((column, n) => (columnIds[n] = columnId(schema, column)))
  const fields = [
    VERSION,
    batch.schemaId,
    batch.cluster,
    batch.collector,
    batch.boot,
    batch.seq,
    batch.simulated,
    batch.t0Ms,
    batch.stepMs,
    batch.ticks,
    devices,
    batch.present,
    batch.busySource,
    columnIds,
    encodeBlock(batch.columns, rows),
    batch.records,
  ]
  const bytes = packr.pack(fields, RESERVE_START_SPACE + HEADER_BYTES)
  if (bytes.length > BATCH_LIMITS.bytes)
    throw new PlimsollError(
      'E_TOO_LARGE',
      `a batch of ${bytes.length} bytes; limit ${BATCH_LIMITS.bytes}`,
    )
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 4)
  // A plain array: the slice() of a Buffer would share memory with its caller.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** The batch in these bytes, or why there is none. Never throws, whatever the bytes; keeps no view of them. */
export function decodeBatch(bytes: Uint8Array): DecodeResult {
  return decode(bytes, decodeDevices)
}

/**
 * A decodeBatch that remembers the last device list of each collector and hands out the same array again
 * while its bytes stay the same. Bounded: the collector heard of least recently is forgotten.
 */
export function createBatchDecoder(
  options: { readonly maxCollectors?: number } = {},
): (bytes: Uint8Array) => DecodeResult {
  const { maxCollectors = 16_384 } = options
  const known = new Map<string, { blob: Uint8Array; devices: readonly BatchDevice[] }>()
  const remember: DeviceDecoder = (blob, sender) => {
    const entry = known.get(sender)
    if (entry !== undefined && Buffer.compare(entry.blob, blob) === 0) {
      known.delete(sender)
      known.set(sender, entry)
      return entry.devices
    }
    const devices = decodeDevices(blob)
    if (devices === null) return null
    known.delete(sender)
    known.set(sender, { blob: blob.slice(), devices })
    for (const oldest of known.keys()) {
      if (known.size <= maxCollectors) break
      known.delete(oldest)
    }
    return devices
  }
  return (bytes) => decode(bytes, remember)
}

function decode(bytes: Uint8Array, devicesOf: DeviceDecoder): DecodeResult {
  if (bytes.length > BATCH_LIMITS.bytes) return refused('too_large')
  if (bytes.length <= HEADER_BYTES) return refused('too_short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) return refused('bad_magic')
  const payload = bytes.subarray(HEADER_BYTES)
  if (view.getUint32(4, true) !== crc32(payload)) return refused('bad_crc')
  if (!isPlainMsgpack(payload, SCAN_LIMITS)) return refused('bad_envelope')
  const fields: unknown = packr.unpack(payload)
  if (!Array.isArray(fields)) return refused('bad_envelope')
  return decodeFields(fields, devicesOf)
}

function decodeFields(fields: readonly unknown[], devicesOf: DeviceDecoder): DecodeResult {
  const [version, schemaId, cluster, collector, boot, seq, simulated, t0Ms, stepMs, ticks] = fields
  if (version !== VERSION) return refused('unknown_version')
  const blobs = fields.slice(10, 15).filter((field) => field instanceof Uint8Array)
  const [devicesBlob, present, busySource, columnIds, block] = blobs
  if (fields.length !== FIELDS || block === undefined) return refused('bad_envelope')
  if (devicesBlob === undefined || present === undefined) return refused('bad_envelope')
  if (busySource === undefined || columnIds === undefined) return refused('bad_envelope')
  if (!isCount(schemaId) || typeof simulated !== 'boolean') return refused('bad_envelope')
  const schema = WIRE_SCHEMAS.get(schemaId)
  if (schema === undefined) return refused('unknown_schema')
  if (!isText(cluster, ID_PATTERN) || !isText(collector, ID_PATTERN)) return refused('bad_identity')
  if (!isText(boot, BOOT_PATTERN) || !isCount(seq) || seq < 1) return refused('bad_identity')
  if (!isCount(t0Ms) || !isCount(stepMs) || !isCount(ticks)) return refused('bad_time')
  if (!isTimeline(t0Ms, stepMs, ticks)) return refused('bad_time')
  const devices = devicesOf(devicesBlob, `${cluster}/${collector}`)
  if (devices === null) return refused('bad_devices')
  const rows = ticks * devices.length
  if (rows > BATCH_LIMITS.rows || busySource.length !== rows) return refused('bad_rows')
  if (present.length !== Math.ceil(rows / 8)) return refused('bad_rows')
  if (busySource.some((code) => code >= BUSY_SOURCES.length)) return refused('bad_rows')
  const columns = decodeBlock(schema, columnIds, block, rows)
  if (columns === null) return refused('bad_columns')
  const records = Records.safeParse(fields[15])
  if (!records.success) return refused('bad_records')
  const head = { schemaId, cluster, collector, boot, seq, simulated, t0Ms, stepMs, ticks }
  const rowFacts = { present: copyOf(present), busySource: copyOf(busySource) }
  return { ok: true, batch: { ...head, ...rowFacts, devices, columns, records: records.data } }
}

/** Samples sit on the grid of an allowed interval; a batch of records only has neither. */
function isTimeline(t0Ms: number, stepMs: number, ticks: number): boolean {
  if (ticks > BATCH_LIMITS.rows || t0Ms + ticks * stepMs > 8.64e15) return false
  if (stepMs === 0) return ticks === 0
  return ticks > 0 && STEPS_MS.includes(stepMs) && t0Ms % stepMs === 0
}

function encodeBlock(columns: readonly BatchColumn[], rows: number): Uint8Array {
  const bitmapBytes = Math.ceil(rows / 8)
  let size = 0
  for (const { values } of columns) size += padded(bitmapBytes) + padded(values.byteLength)
  const block = new Uint8Array(size)
  let offset = 0
  for (const { name, valid, values } of columns) {
    if (values.length !== rows || valid.length !== bitmapBytes)
      throw mismatch(`column ${name} has ${values.length} values for ${rows} rows`)
    block.set(valid, offset)
    offset += padded(bitmapBytes)
    block.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset)
    offset += padded(values.byteLength)
  }
  return block
}

function decodeBlock(
  schema: readonly WireColumn[],
  columnIds: Uint8Array,
  block: Uint8Array,
  rows: number,
): readonly BatchColumn[] | null {
  const bitmapBytes = Math.ceil(rows / 8)
  const { buffer } = copyOf(block)
  const seen = new Set<number>()
  const columns: BatchColumn[] = []
  let offset = 0
  for (const id of columnIds) {
    const column = schema[id]
    if (column === undefined || seen.has(id)) return null
    seen.add(id)
    const valuesAt = offset + padded(bitmapBytes)
    const end = valuesAt + padded(rows * WIRE_BYTES[column.type])
    if (end > buffer.byteLength) return null
    columns.push({
      name: column.name,
      valid: new Uint8Array(buffer, offset, bitmapBytes),
      values: new ARRAYS[column.type](buffer, valuesAt, rows),
    })
    offset = end
  }
  return offset === buffer.byteLength ? columns : null
}

function columnId(schema: readonly WireColumn[], column: BatchColumn): number {
  let ids = idsByName.get(schema)
  if (ids === undefined) {
    ids = new Map(schema.map((wire, id) => [wire.name, id]))
    idsByName.set(schema, ids)
  }
  const id = ids.get(column.name)
  const type = id === undefined ? undefined : schema[id]?.type
  if (id === undefined || type === undefined)
    throw mismatch(`column ${column.name} is not in this schema`)
  if (!(column.values instanceof ARRAYS[type]))
    throw mismatch(`column ${column.name} is no ${type}`)
  return id
}

const mismatch = (what: string) =>
  new PlimsollError('E_INTERNAL', `a batch that cannot be encoded: ${what}`)
const refused = (reason: DecodeReason): DecodeResult => ({ ok: false, reason })
const padded = (bytes: number) => (bytes + 7) & ~7
/** A copy in memory of its own: Buffer.slice would share it. */
const copyOf = (bytes: Uint8Array) => new Uint8Array(bytes)
const isText = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && pattern.test(value)
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
