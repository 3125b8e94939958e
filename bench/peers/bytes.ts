/** A growing buffer with the number encodings of the peers' protocols. */
export interface ByteWriter {
  byte(value: number): void
  raw(source: Uint8Array): void
  uint32BE(value: number): void
  float64LE(value: number): void
  /** Zigzag, then 8 bytes big-endian; |value| below 2^52. */
  zigzag64BE(value: number): void
  /** LEB128 of an integer from 0 to 2^53. */
  varint(value: number): void
  zigzagVarint(value: number): void
  length(): number
  /** A copy of what was written; the writer begins again. */
  take(): Buffer
}

const FIRST_BYTES = 1 << 10
/** Longest number that is written in one piece. */
const NUMBER_BYTES = 8

export function byteWriter(): ByteWriter {
  let bytes = Buffer.allocUnsafe(FIRST_BYTES)
  let at = 0
  const room = (wanted: number) => {
    if (at + wanted <= bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, at + wanted))
    bytes.copy(larger, 0, 0, at)
    bytes = larger
  }
  const varint = (value: number) => {
    room(NUMBER_BYTES)
    let rest = value
    while (rest >= 0x80) {
      bytes[at++] = (rest % 0x80) | 0x80
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    bytes[at++] = rest
  }
  return {
    varint,
    zigzagVarint: (value) => varint(zigzag(value)),
    length: () => at,
    byte(value) {
      room(1)
      bytes[at++] = value
    },
    raw(source) {
      room(source.length)
      bytes.set(source, at)
      at += source.length
    },
    uint32BE(value) {
      room(NUMBER_BYTES)
      at = bytes.writeUInt32BE(value, at)
    },
    float64LE(value) {
      room(NUMBER_BYTES)
      at = bytes.writeDoubleLE(value, at)
    },
    zigzag64BE(value) {
      room(NUMBER_BYTES)
      at = bytes.writeBigUInt64BE(BigInt(zigzag(value)), at)
    },
    take() {
      const taken = Buffer.from(bytes.subarray(0, at))
      at = 0
      return taken
    },
  }
}

function zigzag(value: number): number {
  if (!Number.isSafeInteger(value) || Math.abs(value) >= 2 ** 52)
    throw new RangeError(`${value} does not fit`)
  return value >= 0 ? value * 2 : -value * 2 - 1
}

/** Bytes that a LEB128 of this integer takes. */
export function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}
