import type { Instants } from './prometheus-api.ts'

/** What one series was at the instants that were asked for. */
export interface PastPoints {
  /** Positions of the instants at which it had a value, ascending. */
  readonly instants: Uint32Array
  /** Its values there; NaN for what is no finite number. */
  readonly values: Float64Array
  /** Values by instant that a number does not say all of (`1.0`, `-0`, a word), as they were printed. */
  readonly odd: ReadonlyMap<number, string>
}

export const QUOTE = 34
const PLUS = 43
export const COMMA = 44
const MINUS = 45
const POINT = 46
const ZERO = 48
const COLON = 58
export const OPEN_LIST = 91
const BACKSLASH = 92
export const CLOSE_LIST = 93
export const CLOSE_OBJECT = 125

/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
/** Series whose values share one piece of memory: an array of its own for each costs more than reading it. */
const SERIES_TOGETHER = 64
/** Digits whose number a double always holds exactly. */
const DIGITS_MAX = 15
/** Digits whose number an int32 always holds. */
const INT_DIGITS_MAX = 9
/** Bytes of `[1777593600,"`: seconds have ten digits from 2001 to 2286. */
const HEAD_BYTES = 13
/** Bytes behind the head that are looked at without asking whether the answer has so many. */
const TAIL_BYTES = 40
const NO_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i

/** Blanks of JSON. */
export const isBlank = (code: number | undefined) =>
  code === 32 || code === 10 || code === 13 || code === 9

/** Whether a number or a word ends here. */
export const isEnd = (code: number | undefined) =>
  code === undefined ||
  code === COMMA ||
  code === CLOSE_LIST ||
  code === CLOSE_OBJECT ||
  isBlank(code)

/** Reads `[[1777593600,"0.57"],…]`: each number digit by digit, because they are most of an answer. */
export function createPoints(bytes: Uint8Array, { fromMs, toMs, stepMs }: Instants) {
  const length = Math.max(0, Math.ceil((toMs - fromMs) / stepMs))
  /** The instants of a series that has a value at each: most have, and share this. */
  const allInstants = Uint32Array.from({ length }, (_, at) => at)
  const instants = new Uint32Array(length)
  /** Values of this series from `first` on, behind those of series before it. */
  let values = new Float64Array(0)
  let first = 0
  const heads = headsOf({ fromMs, toMs, stepMs }, length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let odd = new Map<number, string>()
  let count = 0
  /** Position of the point before. */
  let after = -1
  let pos = 0
  const fail = (): never => {
    throw new SyntaxError(`no point at byte ${pos}`)
  }
  const skipBlanks = () => {
    while (isBlank(bytes[pos])) pos += 1
  }
  const expect = (code: number) => {
    if (bytes[pos] !== code) {
      skipBlanks()
      if (bytes[pos] !== code) fail()
    }
    pos += 1
  }
  const slice = (from: number) => Buffer.from(bytes.subarray(from, pos)).toString('latin1')
  /** A number without sign and exponent, up to what follows it; null where it is another one. */
  const plain = (): number | null => {
    const data = bytes
    let at = pos
    let whole = 0
    let code = (data[at] ?? 0) - ZERO
    while (code >= 0 && code <= 9) {
      whole = whole * 10 + code
      at += 1
      code = (data[at] ?? 0) - ZERO
    }
    let digits = at - pos
    let decimals = 0
    if (code === POINT - ZERO) {
      const point = at
      at += 1
      code = (data[at] ?? 0) - ZERO
      while (code >= 0 && code <= 9) {
        whole = whole * 10 + code
        at += 1
        code = (data[at] ?? 0) - ZERO
      }
      decimals = at - point - 1
      digits += decimals
    }
    if (digits === 0 || digits > DIGITS_MAX) return null
    pos = at
    // Both exact, so that the quotient is the double next to what was printed.
    return decimals === 0 ? whole : whole / (TENS[decimals] ?? 1)
  }
  const time = (): number => {
    skipBlanks()
    const from = pos
    const seconds = plain()
    if (seconds !== null && (bytes[pos] === COMMA || isBlank(bytes[pos]))) return seconds
    while (!isEnd(bytes[pos])) pos += 1
    const number = Number(slice(from))
    return pos > from && Number.isFinite(number) ? number : fail()
  }
  /** The value that is quoted here; `at` is where an odd one is kept, or -1. */
  const value = (at: number): number => {
    expect(QUOTE)
    const from = pos
    const number = plain()
    if (number !== null && bytes[pos] === QUOTE) {
      const isFraction = number === 1 && pos - from > 1
      if (isFraction && at >= 0) odd.set(at, slice(from))
      pos += 1
      return number
    }
    pos = from
    while (pos < bytes.length && bytes[pos] !== QUOTE) pos += bytes[pos] === BACKSLASH ? 2 : 1
    const text = slice(from)
    pos += 1
    if (pos > bytes.length) fail()
    return unusual(text, at)
  }
  const unusual = (text: string, at: number): number => {
    const read = isNumber(text) ? Number(text) : Number.NaN
    const isPlain = Number.isNaN(read)
      ? NO_NUMBER.test(text)
      : Number.isFinite(read) && read !== 1 && !Object.is(read, -0)
    if (!isPlain && at >= 0) odd.set(at, text)
    return Number.isFinite(read) ? read : Number.NaN
  }
  const keep = (position: number, number: number): void => {
    instants[count] = position
    values[first + count] = number
    count += 1
    after = position
  }
  const positionOf = (seconds: number) => (seconds * 1000 - fromMs) / stepMs
  /** Whether a point is at an instant that was asked for, after the point before. */
  const isAsked = (position: number) =>
    position > after && position < length && Math.floor(position) === position
  const point = () => {
    expect(OPEN_LIST)
    const position = positionOf(time())
    const isNext = isAsked(position)
    expect(COMMA)
    skipBlanks()
    const read = value(isNext ? position : -1)
    expect(CLOSE_LIST)
    if (isNext) keep(position, read)
  }
  /** A point as Prometheus prints most: `[whole,"digits.digits"]`. False for another one, where nothing was read. */
  const quickPoint = (): boolean => {
    if (bytes[pos] !== OPEN_LIST) return false
    let at = pos + 1
    let seconds = 0
    const timeFrom = at
    for (let code = (bytes[at] ?? 0) - ZERO; code >= 0 && code <= 9;) {
      seconds = seconds * 10 + code
      at += 1
      code = (bytes[at] ?? 0) - ZERO
    }
    if (at === timeFrom || at - timeFrom > DIGITS_MAX) return false
    if (bytes[at] !== COMMA || bytes[at + 1] !== QUOTE) return false
    at += 2
    let digits = 0
    let decimals = 0
    let number = 0
    for (let code = bytes[at] ?? 0; ; code = bytes[at] ?? 0) {
      if (code >= ZERO && code < COLON) {
        number = number * 10 + code - ZERO
        digits += 1
      } else if (code === POINT && decimals === 0) decimals = digits + 1
      else break
      at += 1
    }
    if (bytes[at] !== QUOTE || bytes[at + 1] !== CLOSE_LIST) return false
    if (digits === 0 || digits > DIGITS_MAX) return false
    if (decimals > 0) number /= TENS[digits - decimals + 1] ?? 1
    const position = positionOf(seconds)
    if (number === 1 || !isAsked(position)) return false
    pos = at + 2
    keep(position, number)
    return true
  }
  /**
   * Points that stand at the next instants one after the other and are printed as `digits` or `digits.digits`, which is
   * nearly all of an answer: their times are compared, not read. False where there is none, and nothing was read.
   */
  const steadyPoints = (): boolean => {
    if (heads === null) return false
    const data = bytes
    const last = data.length - HEAD_BYTES - TAIL_BYTES
    const begin = after + 1
    let at = pos
    let next = begin
    for (; next < length && at <= last; next += 1) {
      const head = 3 * next
      if (
        view.getInt32(at, true) !== heads[head] ||
        view.getInt32(at + 4, true) !== heads[head + 1] ||
        view.getInt32(at + 8, true) !== heads[head + 2] ||
        data[at + HEAD_BYTES - 1] !== QUOTE
      )
        break
      const from = at + HEAD_BYTES
      let end = from
      let whole = 0
      let code = (data[end] ?? 0) - ZERO
      const wholeMax = from + INT_DIGITS_MAX
      while (code >= 0 && code <= 9 && end < wholeMax) {
        whole = (Math.imul(whole, 10) + code) | 0
        end += 1
        code = (data[end] ?? 0) - ZERO
      }
      if (end === from) break
      let number = whole
      let digits = end - from
      if (code >= 0 && code <= 9) {
        let rest = 0
        const more = end
        while (code >= 0 && code <= 9 && end - more < INT_DIGITS_MAX) {
          rest = (Math.imul(rest, 10) + code) | 0
          end += 1
          code = (data[end] ?? 0) - ZERO
        }
        number = whole * (TENS[end - more] ?? 1) + rest
        digits = end - from
      }
      if (code === POINT - ZERO) {
        let part = 0
        const point = end + 1
        end = point
        code = (data[end] ?? 0) - ZERO
        while (code >= 0 && code <= 9 && end - point < INT_DIGITS_MAX) {
          part = (Math.imul(part, 10) + code) | 0
          end += 1
          code = (data[end] ?? 0) - ZERO
        }
        const decimals = end - point
        digits += decimals
        const tens = TENS[decimals] ?? 1
        // Whole numbers of up to 15 digits are exact, so that the quotient is the double next to what was printed.
        number = (number * tens + part) / tens
      }
      if (digits > DIGITS_MAX || data[end] !== QUOTE || data[end + 1] !== CLOSE_LIST) break
      // More than one sign for a 1 is `1.0` or the like.
      if (number === 1 && end - from > 1) break
      instants[count] = next
      values[first + count] = number
      count += 1
      pos = end + 2
      if (data[pos] !== COMMA) {
        next += 1
        break
      }
      at = pos + 1
    }
    after = next - 1
    return next > begin
  }
  return {
    /** Reads the list that begins at `from`; `end` is where it ended. */
    read(from: number): PastPoints {
      pos = from
      first += count
      count = 0
      after = -1
      if (values.length - first < length) {
        values = new Float64Array(length * SERIES_TOGETHER)
        first = 0
      }
      odd = new Map()
      expect(OPEN_LIST)
      skipBlanks()
      if (bytes[pos] === CLOSE_LIST) pos += 1
      else
        for (;;) {
          if (!steadyPoints() && !quickPoint()) point()
          skipBlanks()
          if (bytes[pos] === CLOSE_LIST) {
            pos += 1
            break
          }
          expect(COMMA)
          skipBlanks()
        }
      return {
        instants: count === length ? allInstants : instants.slice(0, count),
        values: values.subarray(first, first + count),
        odd,
      }
    },
    get end() {
      return pos
    },
  }
}

/**
 * `[1777593600,"` of every instant, as three words of four bytes each; the quote is left out. Null where seconds are not
 * of ten digits.
 */
function headsOf({ fromMs, stepMs }: Instants, length: number): Int32Array | null {
  const words = new Int32Array(3 * length)
  const bytes = new Uint8Array(words.buffer)
  for (let at = 0; at < length; at += 1) {
    let seconds = (fromMs + at * stepMs) / 1000
    if (!Number.isInteger(seconds) || seconds < 1e9 || seconds >= 1e10) return null
    const head = 12 * at
    bytes[head] = OPEN_LIST
    bytes[head + 11] = COMMA
    for (let digit = 10; digit > 0; digit -= 1) {
      bytes[head + digit] = ZERO + (seconds % 10)
      seconds = Math.floor(seconds / 10)
    }
  }
  return words
}

/** What Prometheus prints: keeps `0x10`, `Infinity` and blanks away from Number(). */
const isNumber = (text: string) => {
  const first = text.charCodeAt(0)
  return (
    (first === MINUS || first === PLUS || first === POINT || (first >= ZERO && first < COLON)) &&
    /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)
  )
}
