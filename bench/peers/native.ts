import { type ByteWriter, byteWriter } from './bytes.ts'
import { checkObject, type PeerBlock, type PeerObject } from './samples.ts'

/**
 * VictoriaMetrics' own import format (`/api/v1/import/native`): after the time range one block per series, values as
 * integers times a power of ten, delta by delta. Written without zstd, which is valid, cheapest to decode and favours
 * the peer. Layout: VictoriaMetrics, lib/protoparser/native, lib/storage/block.go (MarshalPortable), lib/encoding.
 */

/** Ways of writing a list of integers (lib/encoding MarshalType). */
const DELTA_CONST = 2
const CONST = 3
const NEAREST_DELTA = 6
const EXACT_BITS = 64
const TAG_END = '\u0001'
/** A block may hold 2 x 8,192 values. */
export const NATIVE_TICKS_MAX = 8192
/** Digits after the point that are tried; beyond them a value is no decimal of ours. */
const DIGITS_MAX = 9

const names = new WeakMap<PeerObject, readonly Uint8Array[]>()

/** What differs between versions of the format. */
export interface NativeLayout {
  /** Newer versions want the last time of a block and its precision in the header; 1.79 knows neither. */
  readonly isLong: boolean
}

/** A block as the body of a native import. Throws a RangeError for values that are no short decimals. */
export function nativeImport(block: PeerBlock, layout: NativeLayout): Uint8Array {
  const { timesMs, rows } = block
  const body = byteWriter()
  body.zigzag64BE(timesMs[0] ?? 0)
  body.zigzag64BE(timesMs.at(-1) ?? 0)
  const series = byteWriter()
  const scratch = byteWriter()
  for (const { object, values } of rows) {
    const { length } = object.metrics
    namesOf(object).forEach((name, metric) => {
      const kept = timesMs.flatMap((timeMs, tick) => {
        const value = values[tick * length + metric] ?? Number.NaN
        return Number.isNaN(value) ? [] : [{ timeMs, value }]
      })
      if (kept.length === 0) return
      writeBlock(
        series,
        { ...layout, scratch },
        kept.map(({ timeMs }) => timeMs),
        kept.map(({ value }) => value),
      )
      body.uint32BE(name.length)
      body.raw(name)
      body.uint32BE(series.length())
      body.raw(series.take())
    })
  }
  return body.take()
}

function writeBlock(
  out: ByteWriter,
  { isLong, scratch }: NativeLayout & { readonly scratch: ByteWriter },
  timesMs: readonly number[],
  values: readonly number[],
): void {
  const { integers, digits } = decimals(values)
  const times = encodeIntegers(timesMs, scratch)
  const encoded = encodeIntegers(integers, scratch)
  out.zigzagVarint(timesMs[0] ?? 0)
  if (isLong) out.zigzagVarint(timesMs.at(-1) ?? 0)
  out.zigzagVarint(integers[0] ?? 0)
  out.varint(values.length)
  out.zigzagVarint(-digits)
  out.byte(times.type)
  out.byte(encoded.type)
  if (isLong) out.byte(EXACT_BITS)
  for (const { bytes } of [times, encoded]) {
    out.varint(bytes.length)
    out.raw(bytes)
  }
}

/** The values as integers, and how many digits they had after the point. */
export function decimals(values: readonly number[]): { integers: number[]; digits: number } {
  for (let digits = 0; digits <= DIGITS_MAX; digits++) {
    const factor = 10 ** digits
    const integers = values.map((value) => Math.round(value * factor))
    if (values.every((value, i) => (integers[i] ?? 0) / factor === value))
      return { integers, digits }
  }
  throw new RangeError(
    `one of ${values.slice(0, 4).join(', ')}… has more than ${DIGITS_MAX} digits`,
  )
}

const NOTHING = new Uint8Array()

function encodeIntegers(
  integers: readonly number[],
  out: ByteWriter,
): { type: number; bytes: Uint8Array } {
  const [first = 0, second = 0] = integers
  if (integers.every((value) => value === first)) return { type: CONST, bytes: NOTHING }
  const step = second - first
  if (integers.every((value, i) => value === first + i * step)) {
    out.zigzagVarint(step)
    return { type: DELTA_CONST, bytes: out.take() }
  }
  let before = first
  for (const value of integers.slice(1)) {
    out.zigzagVarint(value - before)
    before = value
  }
  return { type: NEAREST_DELTA, bytes: out.take() }
}

function namesOf(object: PeerObject): readonly Uint8Array[] {
  const known = names.get(object)
  if (known !== undefined) return known
  checkObject(object)
  const tags = Object.entries(object.labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flat()
  const tail = tags.map((text) => `${text}${TAG_END}`).join('')
  const made = object.metrics.map((metric) => Buffer.from(`${metric}${TAG_END}${tail}`))
  names.set(object, made)
  return made
}
