import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { Packr } from 'msgpackr'
import { z } from 'zod'
import { BATCH_LIMITS, type BatchDevice, type Holder } from '#schemas/batch.ts'
import { isPlainMsgpack } from '#schemas/msgpack-scan.ts'

/**
 * The device list inside a batch: MessagePack of arrays by position, in a binary of its own, because it
 * rarely changes and both sides can then skip the work when its bytes are the ones they know. Version 2 of
 * the wire deflates it: most of it says the same of every device.
 */

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

const HOLDER_FIELDS = ['tenant', 'job', 'namespace', 'pod', 'container', 'class'] as const

const CONTROL = /\p{Cc}/u
const text = z
  .string()
  .max(BATCH_LIMITS.text)
  .refine((value) => !CONTROL.test(value))
const key = text.regex(/^(uuid|vdie|serial|slot|mig):./u)
const named = text.min(1)

const WireDevice = z.tuple([
  z.array(key).min(1).max(BATCH_LIMITS.keysPerDevice),
  named,
  named,
  text,
  z.int().min(0).nullable(),
  text.nullable(),
  key.nullable(),
  z.tuple([named, text.nullable(), z.number().min(0).max(1).nullable()]).nullable(),
  z.array(text.nullable()).length(HOLDER_FIELDS.length).nullable(),
  text,
  text,
  text,
  z.array(named).max(BATCH_LIMITS.keysPerDevice),
  z
    .record(text, text)
    .refine((labels) => Object.keys(labels).length <= BATCH_LIMITS.labelsPerDevice),
])
type WireDevice = z.infer<typeof WireDevice>

const WireDevices = z.array(WireDevice).max(BATCH_LIMITS.devices)

/** Depth and size a device list can honestly have: two arrays, then keys or labels. */
const SCAN_LIMITS = { depth: 4, values: 400_000 } as const

/** The bytes of a device list. */
export function encodeDevices(devices: readonly BatchDevice[]): Uint8Array {
  return packr.pack(devices.map(toWire))
}

/** The device list in these bytes, or null when they are anything else. Never throws. */
export function decodeDevices(bytes: Uint8Array): readonly BatchDevice[] | null {
  if (!isPlainMsgpack(bytes, SCAN_LIMITS)) return null
  const parsed = WireDevices.safeParse(packr.unpack(bytes))
  if (!parsed.success) return null
  const devices = parsed.data.map(fromWire)
  // A device named twice would fill two rows of one tick and count twice.
  const canonical = new Set(devices.map((device) => device.keys[0]))
  return canonical.size === devices.length ? devices : null
}

/** What a deflated list may become: as much as version 1 could carry, and no bomb. */
const INFLATED_BYTES_MAX = BATCH_LIMITS.bytes

/** The bytes of a device list, deflated. Throws a RangeError when readers would refuse to inflate them. */
export function deflateDevices(devices: readonly BatchDevice[]): Uint8Array {
  const bytes = encodeDevices(devices)
  if (bytes.length > INFLATED_BYTES_MAX)
    throw new RangeError(`${bytes.length} bytes of devices; limit ${INFLATED_BYTES_MAX}`)
  return deflateRawSync(bytes)
}

/** The device list in deflated bytes, or null when they are anything else. Never throws. */
export function inflateDevices(bytes: Uint8Array): readonly BatchDevice[] | null {
  let inflated: Uint8Array
  try {
    inflated = inflateRawSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX })
  } catch {
    return null
  }
  return decodeDevices(inflated)
}

function toWire(device: BatchDevice): WireDevice {
  const { partition, holder } = device
  return [
    [...device.keys],
    device.node,
    device.vendor,
    device.model,
    device.index,
    device.bus,
    device.parent,
    partition === null ? null : [partition.id, partition.profile, partition.share],
    holder === null ? null : HOLDER_FIELDS.map((field) => holder[field] ?? null),
    device.hall,
    device.rack,
    device.pool,
    [...device.sources],
    { ...device.labels },
  ]
}

function fromWire(wire: WireDevice): BatchDevice {
  const [keys, node, vendor, model, index, bus, parent, partition, holder, ...rest] = wire
  const [hall, rack, pool, sources, labels] = rest
  return {
    keys,
    node,
    vendor,
    model,
    index,
    bus,
    parent,
    partition:
      partition === null ? null : { id: partition[0], profile: partition[1], share: partition[2] },
    holder: holder === null ? null : holderOf(holder),
    hall,
    rack,
    pool,
    sources,
    labels,
  }
}

function holderOf(values: readonly (string | null)[]): Holder {
  const holder: { -readonly [Field in keyof Holder]: Holder[Field] } = {}
  HOLDER_FIELDS.forEach((field, position) => {
    const value = values[position]
    if (value !== undefined && value !== null) holder[field] = value
  })
  return holder
}
