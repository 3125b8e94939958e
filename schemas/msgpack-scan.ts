/** Bounds of a MessagePack document that is about to be decoded. */
export interface MsgpackLimits {
  /** Containers inside containers. */
  readonly depth: number
  /** Values in all containers together, keys counted. */
  readonly values: number
}

/**
 * Walks MessagePack bytes without allocating and says whether they are exactly one value made of nil,
 * booleans, numbers, texts, binaries, arrays and maps with text keys, within the limits. A decoder that
 * runs after this can neither be made to reserve memory for a length that is not there (an array header
 * of four bytes may claim 4 billion elements) nor be led into extension types, which build regular
 * expressions, sets and record classes out of foreign bytes.
 */
export function isPlainMsgpack(bytes: Uint8Array, limits: MsgpackLimits): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  /** What is still open: values left, and whether the even ones are map keys. */
  const left: number[] = [1]
  const isMap: boolean[] = [false]
  let offset = 0
  let values = 0
  while (left.length > 0) {
    const top = left.length - 1
    const remaining = left[top] ?? 0
    if (remaining === 0) {
      left.pop()
      isMap.pop()
      continue
    }
    if (++values > limits.values || offset >= bytes.length) return false
    const isKey = isMap[top] === true && remaining % 2 === 0
    left[top] = remaining - 1
    const head = headAt(view, offset)
    if (head === null || (isKey && head.kind !== 'text')) return false
    offset += head.size
    if (offset > bytes.length) return false
    if (head.kind === 'array' || head.kind === 'map') {
      const count = head.kind === 'map' ? head.count * 2 : head.count
      // Every value takes at least one byte, so a longer count is a lie.
      if (count > bytes.length - offset || left.length > limits.depth) return false
      left.push(count)
      isMap.push(head.kind === 'map')
    }
  }
  return offset === bytes.length
}

interface Head {
  readonly kind: 'scalar' | 'text' | 'array' | 'map'
  /** Bytes up to the next value: the head itself and, for texts and binaries, their content. */
  readonly size: number
  readonly count: number
}

const scalar = (size: number): Head => ({ kind: 'scalar', size, count: 0 })
const text = (size: number): Head => ({ kind: 'text', size, count: 0 })
const array = (size: number, count: number): Head => ({ kind: 'array', size, count })
const map = (size: number, count: number): Head => ({ kind: 'map', size, count })

/** The type byte and length of one value; null for extensions, the unused code and a cut head. */
function headAt(view: DataView, offset: number): Head | null {
  const code = view.getUint8(offset)
  if (code <= 0x7f || code >= 0xe0) return scalar(1)
  if (code <= 0x8f) return map(1, code & 0x0f)
  if (code <= 0x9f) return array(1, code & 0x0f)
  if (code <= 0xbf) return text(1 + (code & 0x1f))
  const lengthBytes = LENGTH_BYTES.get(code)
  if (lengthBytes === undefined) {
    const size = SCALAR_BYTES.get(code)
    return size === undefined ? null : scalar(size)
  }
  if (offset + 1 + lengthBytes > view.byteLength) return null
  const length =
    lengthBytes === 1
      ? view.getUint8(offset + 1)
      : lengthBytes === 2
        ? view.getUint16(offset + 1)
        : view.getUint32(offset + 1)
  const size = 1 + lengthBytes
  if (code <= 0xc6) return scalar(size + length)
  if (code <= 0xdb) return text(size + length)
  return code <= 0xdd ? array(size, length) : map(size, length)
}

/** Sizes of nil, booleans, floats and integers, head included (MessagePack specification). */
const SCALAR_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc0, 1],
  [0xc2, 1],
  [0xc3, 1],
  [0xca, 5],
  [0xcb, 9],
  [0xcc, 2],
  [0xcd, 3],
  [0xce, 5],
  [0xcf, 9],
  [0xd0, 2],
  [0xd1, 3],
  [0xd2, 5],
  [0xd3, 9],
])

/** Bytes of the length field of bin 8/16/32, str 8/16/32, array 16/32 and map 16/32. */
const LENGTH_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
  [0xdc, 2],
  [0xdd, 4],
  [0xde, 2],
  [0xdf, 4],
])
