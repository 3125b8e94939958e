import { crc32 } from 'node:zlib'

/** Where the wire format keeps what differs between two copies of a message (schemas/wire.ts, version 2). */
const MAGIC = 'PLM2'
const CRC_AT = 4
const CRC_FROM = 8
const SEQ_AT = 8
const T0_AT = 16

/**
 * A copy of an encoded message with another sequence and time: what a generator can afford that must leave the machine
 * to the pipeline. Throws when the bytes are of another version of the format.
 */
export function patchedMessage(payload: Uint8Array, seq: number, t0Ms: number): Uint8Array {
  const copy = Buffer.from(payload)
  if (copy.toString('latin1', 0, CRC_AT) !== MAGIC)
    throw new Error(
      `a message that does not begin with ${MAGIC}: bench/ingest/patch.ts is outdated`,
    )
  copy.writeDoubleLE(seq, SEQ_AT)
  copy.writeDoubleLE(t0Ms, T0_AT)
  copy.writeUInt32LE(crc32(copy.subarray(CRC_FROM)), CRC_AT)
  return copy
}
