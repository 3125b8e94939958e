import { crc32 } from 'node:zlib'
import { BATCH_LIMITS } from '#schemas/batch.ts'

/**
 * A record in a segment file, little-endian:
 *
 *     u32 'PLS1' | u32 length | u32 crc32 | u64 position | content of `length` bytes
 *     content = u8 kind | 16 bytes boot | f64 seq | f64 fromMs | f64 toMs | f64 appendedAtMs | message
 *
 * The checksum covers position and content; a damaged length or magic shows by itself. Content carries
 * enough of the message's identity to say exactly what was lost when a segment has to go.
 */

/** What a record says about its message. */
export interface RecordMeta {
  /** Place in the spool: grows with every record, never used twice under one spool id. */
  readonly position: number
  readonly kind: 'telemetry' | 'events'
  readonly boot: string
  readonly seq: number
  /** First and last moment the message speaks of, epoch ms. */
  readonly fromMs: number
  readonly toMs: number
  /** Wall clock when the spool took it, epoch ms. */
  readonly appendedAtMs: number
}

export interface SpoolRecord extends RecordMeta {
  /** The message as it goes on the bus. */
  readonly payload: Uint8Array
}

const MAGIC = 0x31_53_4c_50 // 'PLS1' read as u32 LE
const HEAD_BYTES = 20
const META_BYTES = 49
const KINDS = ['telemetry', 'events'] as const

/** Bytes a record takes beside its message. */
export const RECORD_OVERHEAD_BYTES = HEAD_BYTES + META_BYTES
/** Largest message the spool takes: what the bus takes. */
export const MAX_MESSAGE_BYTES = BATCH_LIMITS.bytes

/** The bytes of a record. */
export function encodeRecord(record: SpoolRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_OVERHEAD_BYTES + record.payload.length)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(META_BYTES + record.payload.length, 4)
  bytes.writeBigUInt64LE(BigInt(record.position), 12)
  bytes.writeUInt8(KINDS.indexOf(record.kind), 20)
  bytes.write(record.boot, 21, 'hex')
  bytes.writeDoubleLE(record.seq, 37)
  bytes.writeDoubleLE(record.fromMs, 45)
  bytes.writeDoubleLE(record.toMs, 53)
  bytes.writeDoubleLE(record.appendedAtMs, 61)
  bytes.set(record.payload, RECORD_OVERHEAD_BYTES)
  bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8)
  return bytes
}

/** A record found in a buffer, and where the next one starts. The payload is a view of the buffer. */
export interface FoundRecord {
  readonly record: SpoolRecord
  readonly end: number
}

/** The whole, undamaged record that starts at `offset`, or null. */
export function recordAt(bytes: Buffer, offset: number): FoundRecord | null {
  if (offset + RECORD_OVERHEAD_BYTES > bytes.length) return null
  if (bytes.readUInt32LE(offset) !== MAGIC) return null
  const length = bytes.readUInt32LE(offset + 4)
  if (length < META_BYTES || length > META_BYTES + MAX_MESSAGE_BYTES) return null
  const end = offset + HEAD_BYTES + length
  if (end > bytes.length) return null
  if (crc32(bytes.subarray(offset + 12, end)) !== bytes.readUInt32LE(offset + 8)) return null
  const kind = KINDS[bytes.readUInt8(offset + 20)]
  if (kind === undefined) return null
  const record = {
    position: Number(bytes.readBigUInt64LE(offset + 12)),
    kind,
    boot: bytes.toString('hex', offset + 21, offset + 37),
    seq: bytes.readDoubleLE(offset + 37),
    fromMs: bytes.readDoubleLE(offset + 45),
    toMs: bytes.readDoubleLE(offset + 53),
    appendedAtMs: bytes.readDoubleLE(offset + 61),
    payload: bytes.subarray(offset + RECORD_OVERHEAD_BYTES, end),
  }
  return { record, end }
}

/** Bytes the record at `offset` claims to need, or null when its head is not there or not one. */
export function claimedBytes(bytes: Buffer, offset: number): number | null {
  if (offset + 8 > bytes.length || bytes.readUInt32LE(offset) !== MAGIC) return null
  const length = bytes.readUInt32LE(offset + 4)
  return length > META_BYTES + MAX_MESSAGE_BYTES ? null : HEAD_BYTES + length
}

/** The last undamaged record at or after `offset`, wherever it starts: shows that what lies before it was lost. */
export function lastRecordAfter(bytes: Buffer, offset: number): RecordMeta | null {
  const magic = Buffer.from('PLS1', 'latin1')
  let last: RecordMeta | null = null
  let at = bytes.indexOf(magic, offset)
  while (at !== -1) {
    const found = recordAt(bytes, at)
    if (found !== null) last = found.record
    at = bytes.indexOf(magic, found === null ? at + 1 : found.end)
  }
  return last
}
