import { Packr } from 'msgpackr'
import type { Batch, BatchColumn, BatchDevice } from '#schemas/batch.ts'
import { BATCH_LIMITS } from '#schemas/batch.ts'
import type { WireType } from '#schemas/metric-definition.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import { isPlainMsgpack } from '#schemas/msgpack-scan.ts'
import { BOOT_PATTERN, ID_PATTERN } from '#schemas/subjects.ts'
import { WIRE_BYTES, WIRE_SCHEMAS, type WireColumn } from '#schemas/wire-columns.ts'
import { isCount, isText, isTimeline } from '#schemas/wire-head.ts'
import type { DecodeReason } from '#schemas/wire.ts'

/**
 * Version 1, which collectors before 0.3 wrote and spools still hold. After the checksum a MessagePack
 * array, by position:
 *
 *     [v, schemaId, cluster, collector, boot, seq, simulated, t0Ms, stepMs, ticks,
 *      devices (bin), present (bin), busySource (bin), columnIds (bin), block (bin), records]
 *
 * The block holds for each column its validity bitmap and a value per row, both padded to 8 bytes.
 */

const FIELDS = 16

/** Depth of envelope, record list, record, `rejected` or `examples`; values of 4,096 large records. */
const SCAN_LIMITS = { depth: 6, values: 300_000 } as const

const ARRAYS = {
  f32: Float32Array,
  f64: Float64Array,
  u8: Uint8Array,
  u32: Uint32Array,
} as const satisfies Record<WireType, unknown>

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

/** The device list in these bytes, from memory or decoded; null when they are not one. */
export type DeviceDecoder = (blob: Uint8Array, sender: string) => readonly BatchDevice[] | null
export type RecordDecoder = (records: unknown) => Batch['records'] | null

/** The batch in a payload whose checksum was right, or why there is none. Never throws. */
export function decodeV1(
  payload: Uint8Array,
  devicesOf: DeviceDecoder,
  recordsOf: RecordDecoder,
): Batch | DecodeReason {
  if (!isPlainMsgpack(payload, SCAN_LIMITS)) return 'bad_envelope'
  const fields: unknown = packr.unpack(payload)
  if (!Array.isArray(fields)) return 'bad_envelope'
  const [
    version,
    schemaId,
    cluster,
    collector,
    boot,
    seq,
    simulated,
    t0Ms,
    stepMs,
    ticks,
  ]: unknown[] = fields
  if (version !== 1) return 'unknown_version'
  const blobs = fields.slice(10, 15).filter((field) => field instanceof Uint8Array)
  const [devicesBlob, present, busySource, columnIds, block] = blobs
  if (fields.length !== FIELDS || block === undefined) return 'bad_envelope'
  if (devicesBlob === undefined || present === undefined) return 'bad_envelope'
  if (busySource === undefined || columnIds === undefined) return 'bad_envelope'
  if (!isCount(schemaId) || typeof simulated !== 'boolean') return 'bad_envelope'
  const schema = WIRE_SCHEMAS.get(schemaId)
  if (schema === undefined) return 'unknown_schema'
  if (!isText(cluster, ID_PATTERN) || !isText(collector, ID_PATTERN)) return 'bad_identity'
  if (!isText(boot, BOOT_PATTERN) || !isCount(seq) || seq < 1) return 'bad_identity'
  if (!isCount(t0Ms) || !isCount(stepMs) || !isCount(ticks)) return 'bad_time'
  if (!isTimeline(t0Ms, stepMs, ticks)) return 'bad_time'
  const devices = devicesOf(devicesBlob, `${cluster}/${collector}`)
  if (devices === null) return 'bad_devices'
  const rows = ticks * devices.length
  if (rows > BATCH_LIMITS.rows || busySource.length !== rows) return 'bad_rows'
  if (present.length !== Math.ceil(rows / 8) || hasSpareBits(present, rows)) return 'bad_rows'
  if (busySource.some((code) => code >= BUSY_SOURCES.length)) return 'bad_rows'
  const columns = decodeColumns(schema, columnIds, block, rows)
  if (columns === null) return 'bad_columns'
  const records = recordsOf(fields[15])
  if (records === null) return 'bad_records'
  const head = { schemaId, cluster, collector, boot, seq, simulated, t0Ms, stepMs, ticks }
  return {
    ...head,
    present: copyOf(present),
    busySource: copyOf(busySource),
    devices,
    columns,
    records,
  }
}

function decodeColumns(
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
    const valid = new Uint8Array(buffer, offset, bitmapBytes)
    if (hasSpareBits(valid, rows)) return null
    columns.push({
      name: column.name,
      valid,
      values: new ARRAYS[column.type](buffer, valuesAt, rows),
    })
    offset = end
  }
  return offset === buffer.byteLength ? columns : null
}

/** A bit behind the last row would be a value of no row. */
const hasSpareBits = (bitmap: Uint8Array, rows: number) =>
  rows % 8 !== 0 && (bitmap[rows >> 3] ?? 0) >> (rows % 8) !== 0

const padded = (bytes: number) => (bytes + 7) & ~7
/** A copy in memory of its own: Buffer.slice would share it. */
const copyOf = (bytes: Uint8Array) => new Uint8Array(bytes)
