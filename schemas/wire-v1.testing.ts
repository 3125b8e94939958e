import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import type { Batch, BatchColumn } from '#schemas/batch.ts'
import { WIRE_SCHEMAS } from '#schemas/wire-columns.ts'
import { encodeDevices } from '#schemas/wire-devices.ts'

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

/** A batch as collectors before version 2 wrote it: what spools still hold. */
export function encodeV1(batch: Batch): Uint8Array {
  const names = (WIRE_SCHEMAS.get(batch.schemaId) ?? []).map(({ name }) => name)
  const fields = [
    1,
    batch.schemaId,
    batch.cluster,
    batch.collector,
    batch.boot,
    batch.seq,
    batch.simulated,
    batch.t0Ms,
    batch.stepMs,
    batch.ticks,
    encodeDevices(batch.devices),
    batch.present,
    batch.busySource,
    Uint8Array.from(batch.columns, ({ name }) => names.indexOf(name)),
    Buffer.concat(batch.columns.flatMap(columnBytes)),
    batch.records,
  ]
  return framedV1(packr.pack(fields))
}

/** Any payload under the header of version 1, its checksum right. */
export function framedV1(payload: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8 + payload.length)
  bytes.write('PLM1', 'latin1')
  bytes.writeUInt32LE(crc32(payload), 4)
  bytes.set(payload, 8)
  return new Uint8Array(bytes)
}

const columnBytes = ({ valid, values }: BatchColumn): Uint8Array[] => [
  padded(valid),
  padded(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
]

const padded = (bytes: Uint8Array) =>
  Buffer.concat([bytes, new Uint8Array(((bytes.length + 7) & ~7) - bytes.length)])
