import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import { z } from 'zod'
import { BATCH_LIMITS, type Batch, type BatchColumn, type BatchDevice } from '#schemas/batch.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { WireType } from '#schemas/metric-definition.ts'
import { isPlainMsgpack } from '#schemas/msgpack-scan.ts'
import { BatchRecord } from '#schemas/records.ts'
import {
  type BlockClaim,
  planBlock,
  readBlock,
  unpackBlock,
  type WireBlock,
  type WireMemory,
  wireMemory,
  writeBlock,
} from '#schemas/wire-block.ts'
import { WIRE_SCHEMAS, type WireColumn } from '#schemas/wire-columns.ts'
import { decodeDevices } from '#schemas/wire-devices.ts'
import {
  decodeHead,
  encodeHead,
  type Head,
  type HeadReason,
  isCount,
  isTimeline,
  STEPS_MS,
} from '#schemas/wire-head.ts'
import { createByteMemory } from '#schemas/wire-memory.ts'
import { decodeV1 } from '#schemas/wire-v1.ts'

/**
 * A batch as bytes, in the spool and on the bus. Version 2, little-endian:
 *
 *     0  'PLM2'            u32 crc32 of the rest
 *     8  seq f64           t0Ms f64
 *     24 ticks u32         bytes of the block u32
 *     32 bytes of the head u32, crc32 of the head u32
 *     40 columns u8, row flags u8, zeros up to 48
 *     48 the block (wire-block.ts), the head (wire-head.ts), records as MessagePack (nothing when none)
 *
 * Every message can be read alone: spools drop, resend and replay them. What repeats in each of them, the
 * head with its device list, is deflated and looked at only when it changes. Version 1 (wire-v1.ts) is read
 * as well. Little-endian hosts only (x64, arm64).
 *
 * The files wire*.ts are the only ones in schemas/ that need more than zod: msgpackr (plain JavaScript,
 * its native part is not used) and node:zlib. The browser never loads them.
 */

const MAGIC_1 = 0x31_4d_4c_50 // 'PLM1' read as u32 LE
const MAGIC_2 = 0x32_4d_4c_50
const MAGIC_ANY = 0x4d_4c_50 // its first three bytes
const CRC_FROM = 8
const BLOCK_AT = 48

/** Memory for blocks is taken in pieces of this size: no message has a larger block. */
const MEMORY_BYTES = BATCH_LIMITS.bytes
/** Pieces that are used again, twice what an insert holds; more come and go. */
const KEPT_PIECES = 128
/** Devices whose descriptions a decoder remembers, about 1 kB each; a list counts as two more. */
const REMEMBERED_DEVICES = 400_000
const LIST_WEIGHT = 2

/** Depth of a record list, record, `rejected` or `examples`; values of 4,096 large records. */
const SCAN_LIMITS = { depth: 5, values: 300_000 } as const

/** What holds the values of a wire type. */
const ARRAYS = {
  f32: Float32Array,
  f64: Float64Array,
  u8: Uint8Array,
  u32: Uint32Array,
} as const satisfies Record<WireType, unknown>

export { STEPS_MS }

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

/** A batch whose rows were checked and not unpacked: what ingest joins into large blocks. */
export interface WireBatch extends Omit<Batch, 'present' | 'busySource' | 'columns'> {
  readonly block: WireBlock
}

type Refused = { readonly ok: false; readonly reason: DecodeReason }
export type DecodeResult = { readonly ok: true; readonly batch: Batch } | Refused
export type WireResult = { readonly ok: true; readonly batch: WireBatch } | Refused

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })
const Records = z.array(BatchRecord).max(BATCH_LIMITS.records)

// Memory of pure results by identity, collected with its keys.
const idsByName = new WeakMap<readonly WireColumn[], ReadonlyMap<string, number>>()

/**
 * The bytes of a batch. The device list is remembered by the identity of its array, so hand over the same
 * array while it does not change, and a new one when it does. Values of rows that are not valid are not
 * kept. Throws E_TOO_LARGE beyond BATCH_LIMITS.bytes: the caller splits the batch. Throws E_INTERNAL when
 * lengths or types disagree.
 */
export function encodeBatch(batch: Batch): Uint8Array {
  const schema = WIRE_SCHEMAS.get(batch.schemaId)
  if (schema === undefined) throw mismatch(`schema ${batch.schemaId} is not defined`)
  const rows = batch.ticks * batch.devices.length
  if (batch.present.length !== Math.ceil(rows / 8) || batch.busySource.length !== rows)
    throw mismatch(`${rows} rows, but presence or busy source has another length`)
  const plan = planBlock(batch, rows, columnIds(batch.columns, schema, rows), schema)
  const head = encodeHead(batch)
  const records = batch.records.length === 0 ? NOTHING : packr.pack(batch.records)
  const headAt = BLOCK_AT + plan.bytes
  const bytes = headAt + head.bytes.length + records.length
  if (bytes > BATCH_LIMITS.bytes)
    throw new PlimsollError('E_TOO_LARGE', `a batch of ${bytes} bytes; limit ${BATCH_LIMITS.bytes}`)
  const memory = wireMemory(bytes)
  const message = memory.u8.subarray(0, bytes)
  memory.f64[1] = batch.seq
  memory.f64[2] = batch.t0Ms
  memory.u32.set([batch.ticks, plan.bytes, head.bytes.length, head.crc], 6)
  message[40] = plan.ids.length
  message[41] = plan.rowFlags
  writeBlock(plan, memory, BLOCK_AT)
  message.set(head.bytes, headAt)
  message.set(records, headAt + head.bytes.length)
  memory.u32[0] = MAGIC_2
  memory.u32[1] = crc32(message.subarray(CRC_FROM))
  return message
}

/** The batch in these bytes, or why there is none. Never throws, whatever the bytes; keeps no view of them. */
export function decodeBatch(bytes: Uint8Array): DecodeResult {
  const result = decode(bytes, ALONE)
  if (!result.ok) return result
  const { block, ...head } = result.batch
  return { ok: true, batch: { ...head, ...unpackBlock(block) } }
}

/**
 * A decoder for many messages: leaves the rows as they lie, and hands out the same device list again while
 * a collector's head stays the same. Bounded: the list met least recently is forgotten. Never throws; keeps
 * no view of the bytes.
 */
export function createBatchDecoder(
  options: { readonly maxDevices?: number; readonly memory?: BlockMemory } = {},
): (bytes: Uint8Array) => WireResult {
  const { maxDevices = REMEMBERED_DEVICES, memory = createBlockMemory() } = options
  const weightMax = maxDevices
  const heads = createByteMemory<Head | HeadReason>({
    weightOf: (head) => (typeof head === 'string' ? null : LIST_WEIGHT + head.devices.length),
    weightMax,
  })
  const lists = createByteMemory<readonly BatchDevice[] | null>({
    weightOf: (list) => (list === null ? null : LIST_WEIGHT + list.length),
    weightMax,
  })
  const tools: Tools = {
    headOf: (crc, bytes) => heads.recall(crc, bytes, decodeHead),
    devicesOf: (blob, sender) => lists.recall(`${sender} ${crc32(blob)}`, blob, decodeDevices),
    place: memory.place,
  }
  return (bytes) => decode(bytes, tools)
}

/** Where a decoder puts the rows of the batches it hands out. */
export interface BlockMemory {
  /** Room for so many bytes (at most BATCH_LIMITS.bytes), at a multiple of 8. */
  readonly place: (bytes: number) => { readonly memory: WireMemory; readonly at: number }
  /**
   * Everything placed so far is written over from now on: nobody may hold a batch any more. Without it the
   * memory of a batch lives as long as the batch.
   */
  readonly recycle: () => void
}

/** Grows to what is placed between two calls of `recycle`, in pieces of 1 MiB. */
export function createBlockMemory(): BlockMemory {
  const kept: WireMemory[] = []
  let isKept = false
  let next = 0
  let memory = wireMemory(0)
  let used = 0
  return {
    place(bytes) {
      if (used + bytes > memory.u8.length) {
        memory = kept[next] ?? wireMemory(MEMORY_BYTES)
        if (isKept && next < KEPT_PIECES) kept[next] = memory
        next += 1
        used = 0
      }
      const at = used
      used = roundUp(used + bytes)
      return { memory, at }
    },
    recycle() {
      isKept = true
      next = 0
      memory = wireMemory(0)
      used = 0
    },
  }
}

/** What a decoder may remember, and where it puts blocks. */
interface Tools {
  readonly headOf: (crc: number, bytes: Uint8Array) => Head | HeadReason
  readonly devicesOf: (blob: Uint8Array, sender: string) => readonly BatchDevice[] | null
  readonly place: BlockMemory['place']
}

const ALONE: Tools = {
  headOf: (_, bytes) => decodeHead(bytes),
  devicesOf: decodeDevices,
  place: (bytes) => ({ memory: wireMemory(bytes), at: 0 }),
}

function decode(bytes: Uint8Array, tools: Tools): WireResult {
  if (bytes.length > BATCH_LIMITS.bytes) return refused('too_large')
  if (bytes.length <= CRC_FROM) return refused('too_short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint32(0, true)
  if ((magic & 0xff_ff_ff) !== MAGIC_ANY) return refused('bad_magic')
  const rest = bytes.subarray(CRC_FROM)
  if (view.getUint32(4, true) !== crc32(rest)) return refused('bad_crc')
  if (magic === MAGIC_2) return decodeV2(bytes, view, tools)
  if (magic !== MAGIC_1) return refused('unknown_version')
  const batch = decodeV1(rest, tools.devicesOf, recordsOf)
  return typeof batch === 'string' ? refused(batch) : { ok: true, batch: packed(batch) }
}

function decodeV2(bytes: Uint8Array, view: DataView, tools: Tools): WireResult {
  if (bytes.length < BLOCK_AT) return refused('bad_envelope')
  const seq = view.getFloat64(8, true)
  const t0Ms = view.getFloat64(16, true)
  const ticks = view.getUint32(24, true)
  const blockBytes = view.getUint32(28, true)
  const headAt = BLOCK_AT + blockBytes
  const recordsAt = headAt + view.getUint32(32, true)
  if (recordsAt > bytes.length) return refused('bad_envelope')
  const head = tools.headOf(view.getUint32(36, true), bytes.subarray(headAt, recordsAt))
  if (typeof head === 'string') return refused(head)
  if (!isCount(seq) || seq < 1) return refused('bad_identity')
  if (!isCount(t0Ms) || !isTimeline(t0Ms, head.stepMs, ticks)) return refused('bad_time')
  const rows = ticks * head.devices.length
  if (rows > BATCH_LIMITS.rows) return refused('bad_rows')
  const { memory, at } = tools.place(blockBytes)
  memory.u8.set(bytes.subarray(BLOCK_AT, headAt), at)
  const claim = { rows, columns: view.getUint8(40), rowFlags: view.getUint8(41), bytes: blockBytes }
  const block = readBlock(memory, at, claim, head.schema)
  if (block === null) return refused('bad_columns')
  const records = recordsAt === bytes.length ? NO_RECORDS : packedRecords(bytes.subarray(recordsAt))
  if (records === null) return refused('bad_records')
  const { schemaId, cluster, collector, boot, simulated, stepMs, devices } = head
  const own = { schemaId, cluster, collector, boot, seq, simulated, t0Ms, stepMs, ticks }
  return { ok: true, batch: { ...own, devices, records, block } }
}

/** The rows of an unpacked batch as a block of its own. */
function packed({ present, busySource, columns, ...head }: Batch): WireBatch {
  const rows = head.ticks * head.devices.length
  const schema = WIRE_SCHEMAS.get(head.schemaId) ?? []
  const plan = planBlock(
    { present, busySource, columns },
    rows,
    columnIds(columns, schema, rows),
    schema,
  )
  const memory = wireMemory(plan.bytes)
  writeBlock(plan, memory, 0)
  const claim: BlockClaim = {
    rows,
    columns: columns.length,
    rowFlags: plan.rowFlags,
    bytes: plan.bytes,
  }
  const block = readBlock(memory, 0, claim, schema)
  if (block === null) throw mismatch('a block that was just written')
  return { ...head, block }
}

function packedRecords(bytes: Uint8Array): Batch['records'] | null {
  return isPlainMsgpack(bytes, SCAN_LIMITS) ? recordsOf(packr.unpack(bytes)) : null
}

function recordsOf(value: unknown): Batch['records'] | null {
  if (Array.isArray(value) && value.length === 0) return NO_RECORDS
  const records = Records.safeParse(value)
  return records.success ? records.data : null
}

function columnIds(
  columns: readonly BatchColumn[],
  schema: readonly WireColumn[],
  rows: number,
): Uint8Array {
  let ids = idsByName.get(schema)
  if (ids === undefined) {
    ids = new Map(schema.map((wire, id) => [wire.name, id]))
    idsByName.set(schema, ids)
  }
  const found = new Uint8Array(columns.length)
  for (const [n, { name, valid, values }] of columns.entries()) {
    const id = ids.get(name)
    const type = id === undefined ? undefined : schema[id]?.type
    if (id === undefined || type === undefined)
      throw mismatch(`column ${name} is not in this schema`)
    if (!(values instanceof ARRAYS[type])) throw mismatch(`column ${name} is no ${type}`)
    if (values.length !== rows || valid.length !== Math.ceil(rows / 8))
      throw mismatch(`column ${name} has ${values.length} values for ${rows} rows`)
    found[n] = id
  }
  return found
}

const NOTHING = new Uint8Array()
const NO_RECORDS: Batch['records'] = []

const mismatch = (what: string) =>
  new PlimsollError('E_INTERNAL', `a batch that cannot be encoded: ${what}`)
const refused = (reason: DecodeReason): Refused => ({ ok: false, reason })
const roundUp = (bytes: number) => (bytes + 7) & ~7
