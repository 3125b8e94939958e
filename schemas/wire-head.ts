import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import { BATCH_LIMITS, type Batch, type BatchDevice } from '#schemas/batch.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { isPlainMsgpack } from '#schemas/msgpack-scan.ts'
import { BOOT_PATTERN, ID_PATTERN } from '#schemas/subjects.ts'
import { WIRE_SCHEMAS, type WireColumn } from '#schemas/wire-columns.ts'
import { deflateDevices, inflateDevices } from '#schemas/wire-devices.ts'

/**
 * What stays the same from one message of a collector to the next, in a binary of its own, so that both
 * sides work on it once: [schemaId, cluster, collector, boot, simulated, stepMs, device list].
 */
export type HeadFields = Pick<
  Batch,
  'schemaId' | 'cluster' | 'collector' | 'boot' | 'simulated' | 'stepMs' | 'devices'
>

export interface Head extends HeadFields {
  readonly schema: readonly WireColumn[]
}

/** Intervals that divide a minute (DEFINITIONS section 1), ms. */
export const STEPS_MS: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60].map(
  (seconds) => seconds * 1000,
)

export type HeadReason =
  | 'bad_envelope'
  | 'unknown_schema'
  | 'bad_identity'
  | 'bad_time'
  | 'bad_devices'

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })
const FIELDS = 7
const SCAN_LIMITS = { depth: 1, values: FIELDS + 1 } as const

interface EncodedHead {
  readonly fields: HeadFields
  readonly deflated: Uint8Array
  readonly bytes: Uint8Array
  readonly crc: number
}

/** Memory of pure results by identity, collected with its keys. */
const encoded = new WeakMap<readonly BatchDevice[], EncodedHead>()

/** The bytes of a head and their crc32, remembered by the identity of the device list. */
export function encodeHead(batch: HeadFields): {
  readonly bytes: Uint8Array
  readonly crc: number
} {
  const known = encoded.get(batch.devices)
  if (known !== undefined && isSameHead(known.fields, batch)) return known
  const { schemaId, cluster, collector, boot, simulated, stepMs, devices } = batch
  const deflated = known?.deflated ?? deflatedList(devices)
  const bytes = packr.pack([schemaId, cluster, collector, boot, simulated, stepMs, deflated])
  const fields = { schemaId, cluster, collector, boot, simulated, stepMs, devices }
  const head = { fields, deflated, bytes, crc: crc32(bytes) }
  encoded.set(devices, head)
  return head
}

function deflatedList(devices: readonly BatchDevice[]): Uint8Array {
  try {
    return deflateDevices(devices)
  } catch (error) {
    if (error instanceof RangeError) throw new PlimsollError('E_TOO_LARGE', error.message)
    throw error
  }
}

const isSameHead = (a: HeadFields, b: HeadFields) =>
  a.boot === b.boot &&
  a.stepMs === b.stepMs &&
  a.schemaId === b.schemaId &&
  a.simulated === b.simulated &&
  a.collector === b.collector &&
  a.cluster === b.cluster

/** The head in these bytes, or why there is none. Never throws. */
export function decodeHead(bytes: Uint8Array): Head | HeadReason {
  if (!isPlainMsgpack(bytes, SCAN_LIMITS)) return 'bad_envelope'
  const fields: unknown = packr.unpack(bytes)
  if (!Array.isArray(fields) || fields.length !== FIELDS) return 'bad_envelope'
  const [schemaId, cluster, collector, boot, simulated, stepMs, list]: unknown[] = fields
  if (!isCount(schemaId) || typeof simulated !== 'boolean') return 'bad_envelope'
  if (!(list instanceof Uint8Array)) return 'bad_envelope'
  const schema = WIRE_SCHEMAS.get(schemaId)
  if (schema === undefined) return 'unknown_schema'
  if (!isText(cluster, ID_PATTERN) || !isText(collector, ID_PATTERN)) return 'bad_identity'
  if (!isText(boot, BOOT_PATTERN)) return 'bad_identity'
  if (!isCount(stepMs) || (stepMs !== 0 && !STEPS_MS.includes(stepMs))) return 'bad_time'
  const devices = inflateDevices(list)
  if (devices === null) return 'bad_devices'
  return { schemaId, cluster, collector, boot, simulated, stepMs, devices, schema }
}

/** Samples sit on the grid of an allowed interval; a batch of records only has neither. */
export function isTimeline(t0Ms: number, stepMs: number, ticks: number): boolean {
  if (ticks > BATCH_LIMITS.rows || t0Ms + ticks * stepMs > 8.64e15) return false
  if (stepMs === 0) return ticks === 0
  return ticks > 0 && STEPS_MS.includes(stepMs) && t0Ms % stepMs === 0
}

export const isText = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && pattern.test(value)
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
