/** How a value lies in registers. `bit` is one input or coil; `bitfield` are bits of a register. */
export const VALUE_TYPES = [
  'bit',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
  'bitfield',
  'bcd16',
  'bcd32',
] as const
export type ValueType = (typeof VALUE_TYPES)[number]

/**
 * Order of bytes on the wire for a value whose most significant byte is A. Values of 64 bits follow the same two
 * questions: is the low register first (CDAB, DCBA), are the bytes of a register swapped (BADC, DCBA).
 */
export const WORD_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const
export type WordOrder = (typeof WORD_ORDERS)[number]

const WORDS: Readonly<Record<ValueType, number>> = {
  bit: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
  bitfield: 1,
  bcd16: 1,
  bcd32: 2,
}

/** Registers (or bits) that a value takes. */
export const wordsOf = (type: ValueType): number => WORDS[type]

/** Registers in the order of significance, from the order on the wire, and back: the same step. */
export function ordered(words: readonly number[], order: WordOrder): number[] {
  const isSwapped = order === 'BADC' || order === 'DCBA'
  const whole = words.map((word) => (isSwapped ? ((word & 0xff) << 8) | (word >> 8) : word))
  return order === 'CDAB' || order === 'DCBA' ? whole.reverse() : whole
}

/** The hexadecimal digits of registers that are in the order of significance. */
export const hexOf = (words: readonly number[]): string =>
  words.map((word) => word.toString(16).padStart(4, '0')).join('')

/** Bits `low` to `high` of a register. */
export interface BitSpan {
  readonly low: number
  readonly high: number
}

/**
 * The number in registers that are in the order of significance, before scale and offset. Null when they hold none: NaN,
 * an infinity, a BCD digit above nine, too few registers. Numbers of 64 bits beyond 2^53 lose their last digits.
 */
export function decodeWords(
  words: readonly number[],
  type: ValueType,
  bits: BitSpan = { low: 0, high: 15 },
): number | null {
  const [first] = words
  if (first === undefined || words.length !== WORDS[type]) return null
  if (type === 'bit') return first === 0 ? 0 : 1
  if (type === 'bitfield') return (first >> bits.low) & ((1 << (bits.high - bits.low + 1)) - 1)
  if (type === 'bcd16' || type === 'bcd32') {
    const digits = hexOf(words)
    return /^\d+$/.test(digits) ? Number(digits) : null
  }
  const value = READERS[type](viewOf(words))
  return Number.isFinite(value) ? value : null
}

/** Room for the longest value; a buffer of its own for each number costs more than reading it. */
const SCRATCH = new DataView(new ArrayBuffer(8))

function viewOf(words: readonly number[]): DataView {
  for (let at = 0; at < words.length; at++) SCRATCH.setUint16(at * 2, words[at] ?? 0)
  return SCRATCH
}

type NumberType = Exclude<ValueType, 'bit' | 'bitfield' | 'bcd16' | 'bcd32'>

const READERS: Readonly<Record<NumberType, (view: DataView) => number>> = {
  int16: (view) => view.getInt16(0),
  uint16: (view) => view.getUint16(0),
  int32: (view) => view.getInt32(0),
  uint32: (view) => view.getUint32(0),
  int64: (view) => Number(view.getBigInt64(0)),
  uint64: (view) => Number(view.getBigUint64(0)),
  // 21.25 as a float32 is exact; 0.1 is printed as the seven digits the device meant.
  float32: (view) => Number(view.getFloat32(0).toPrecision(7)),
  float64: (view) => view.getFloat64(0),
}

const WRITERS: Readonly<Record<NumberType, (view: DataView, value: number) => void>> = {
  int16: (view, value) => view.setInt16(0, value),
  uint16: (view, value) => view.setUint16(0, value),
  int32: (view, value) => view.setInt32(0, value),
  uint32: (view, value) => view.setUint32(0, value),
  int64: (view, value) => view.setBigInt64(0, BigInt(value)),
  uint64: (view, value) => view.setBigUint64(0, BigInt(value)),
  float32: (view, value) => view.setFloat32(0, value),
  float64: (view, value) => view.setFloat64(0, value),
}

/** The registers of a number in the order of significance, as a device would hold them. Whole numbers for integer types. */
export function encodeWords(value: number, type: ValueType, bits?: BitSpan): number[] {
  if (type === 'bit') return [value === 0 ? 0 : 1]
  if (type === 'bitfield') return [value << (bits?.low ?? 0)]
  if (type === 'bcd16' || type === 'bcd32') {
    const digits = String(value).padStart(WORDS[type] * 4, '0')
    return Array.from({ length: WORDS[type] }, (_, at) =>
      Number.parseInt(digits.slice(at * 4, at * 4 + 4), 16),
    )
  }
  const view = new DataView(new ArrayBuffer(WORDS[type] * 2))
  WRITERS[type](view, value)
  return Array.from({ length: WORDS[type] }, (_, at) => view.getUint16(at * 2))
}
