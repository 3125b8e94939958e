import { crc32, deflateRawSync } from 'node:zlib'

/** Zip files that say nothing of when they were made: the same content gives the same bytes. */

export interface ZipEntry {
  /** ASCII path. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** 1980-01-01 00:00, the earliest that the format knows. */
const DOS_TIME = 0
const DOS_DATE = 0x0021
const VERSION = 20
const DEFLATED = 8
const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22

/** A zip of some files, in their order. */
export function zipFiles(entries: readonly ZipEntry[]): Uint8Array {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const { name, bytes } of entries) {
    const packed = deflateRawSync(bytes, { level: 9 })
    const path = Buffer.from(name, 'latin1')
    // Version, flags, method, time, date, checksum, sizes, length of the name: alike in both headers.
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(VERSION, 0)
    shared.writeUInt16LE(DEFLATED, 4)
    shared.writeUInt16LE(DOS_TIME, 6)
    shared.writeUInt16LE(DOS_DATE, 8)
    shared.writeUInt32LE(crc32(bytes), 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(bytes.length, 18)
    shared.writeUInt16LE(path.length, 22)
    const local = Buffer.concat([word(LOCAL), shared, path, packed])
    const central = Buffer.alloc(CENTRAL_BYTES)
    central.writeUInt32LE(CENTRAL, 0)
    central.writeUInt16LE(VERSION, 4)
    shared.copy(central, 6)
    central.writeUInt32LE(offset, 42)
    locals.push(local)
    centrals.push(Buffer.concat([central, path]))
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(END_BYTES)
  end.writeUInt32LE(END, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** The same zip with every time in it set back. Throws a RangeError for what is no zip without a comment. */
export function withoutTimes(zip: Uint8Array): Uint8Array {
  const bytes = Buffer.from(zip)
  const endAt = bytes.length - END_BYTES
  if (endAt < 0 || bytes.readUInt32LE(endAt) !== END) throw new RangeError('no end of a zip')
  const count = bytes.readUInt16LE(endAt + 10)
  let at = bytes.readUInt32LE(endAt + 16)
  for (let entry = 0; entry < count; entry += 1) {
    if (bytes.readUInt32LE(at) !== CENTRAL) throw new RangeError('no entry of a zip')
    setTime(bytes, at + 12)
    setTime(bytes, bytes.readUInt32LE(at + 42) + LOCAL_BYTES - 20)
    at +=
      CENTRAL_BYTES + [28, 30, 32].reduce((sum, field) => sum + bytes.readUInt16LE(at + field), 0)
  }
  return bytes
}

function setTime(bytes: Buffer, at: number): void {
  bytes.writeUInt16LE(DOS_TIME, at)
  bytes.writeUInt16LE(DOS_DATE, at + 2)
}
