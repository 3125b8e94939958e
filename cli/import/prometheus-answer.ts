import type { Instants } from './prometheus-api.ts'

/** One series: its labels, and its values at the instants that were asked for. */
export interface PastSeries {
  readonly labels: Readonly<Record<string, string>>
  /** Positions of the instants at which it had a value, ascending. */
  readonly instants: Uint32Array
  /** Its values there; NaN for what is no finite number. */
  readonly values: Float64Array
  /** Values by instant that a number does not say all of (`1.0`, `-0`, a word), as they were printed. */
  readonly odd: ReadonlyMap<number, string>
}

type Points = Omit<PastSeries, 'labels'>

/** An answer has a series for each line of an exporter's page; no exporter has so many. */
const SERIES_MAX = 100_000
const DEPTH_MAX = 32

const QUOTE = 34
const PLUS = 43
const COMMA = 44
const MINUS = 45
const POINT = 46
const ZERO = 48
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
/** Digits whose number a double always holds exactly. */
const DIGITS_MAX = 15
const NO_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i

const isBlank = (code: number | undefined) =>
  code === 32 || code === 10 || code === 13 || code === 9

/**
 * Reads the answer to a range query: JSON with a quarter of a million values, of which no object is made each. Points
 * between the instants are left out. Throws SyntaxError for anything else than a matrix.
 */
export function readMatrix(bytes: Uint8Array, at: Instants): PastSeries[] {
  const scan = createScan(bytes, at)
  let status = ''
  scan.object((name) => {
    if (name === 'status') status = scan.text()
    else if (name === 'data') scan.data()
    else scan.skip()
  })
  scan.end()
  if (status !== 'success' || scan.kind() !== 'matrix') throw new SyntaxError('no matrix')
  return scan.series
}

function createScan(bytes: Uint8Array, at: Instants) {
  const series: PastSeries[] = []
  const points = createPoints(bytes, at)
  let pos = 0
  let kind = ''
  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at byte ${pos}`)
  }
  const peek = (): number | undefined => {
    while (isBlank(bytes[pos])) pos += 1
    return bytes[pos]
  }
  const expect = (code: number) => {
    if (peek() !== code) fail(`no ${String.fromCharCode(code)}`)
    pos += 1
  }
  const skipText = () => {
    expect(QUOTE)
    while (pos < bytes.length && bytes[pos] !== QUOTE) pos += bytes[pos] === BACKSLASH ? 2 : 1
    expect(QUOTE)
  }
  /** The rest of a number, `true`, `false` or `null`. */
  const skipWord = () => {
    while (!isEnd(bytes[pos])) pos += 1
  }
  /** Passes over one value, whatever it is. */
  const skip = () => {
    let depth = 0
    do {
      const code = peek()
      if (code === undefined || depth > DEPTH_MAX) fail('no value')
      if (code === QUOTE) {
        skipText()
        continue
      }
      if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1
      if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1
      if (depth < 0) fail('no value')
      pos += 1
      if (depth === 0) skipWord()
    } while (depth > 0)
  }
  const parsed = (): unknown => {
    peek()
    const from = pos
    skip()
    return JSON.parse(new TextDecoder().decode(bytes.subarray(from, pos)))
  }
  const text = (): string => {
    const value = parsed()
    return typeof value === 'string' ? value : fail('no text')
  }
  /** Calls `take` at the value of each member; `take` must pass over it. */
  const object = (take: (name: string) => void) => {
    expect(OPEN_OBJECT)
    if (peek() === CLOSE_OBJECT) return void (pos += 1)
    for (;;) {
      const name = text()
      expect(COLON)
      take(name)
      if (peek() === CLOSE_OBJECT) return void (pos += 1)
      expect(COMMA)
    }
  }
  const list = (take: () => void) => {
    expect(OPEN_LIST)
    if (peek() === CLOSE_LIST) return void (pos += 1)
    for (;;) {
      take()
      if (peek() === CLOSE_LIST) return void (pos += 1)
      expect(COMMA)
    }
  }
  const oneSeries = () => {
    const found: { labels?: Record<string, string>; points?: Points } = {}
    object((name) => {
      if (name === 'metric') found.labels = labelsOf(parsed())
      else if (name === 'values') {
        peek()
        found.points = points.read(pos)
        pos = points.end
      } else skip()
    })
    if (series.length >= SERIES_MAX) fail(`more than ${SERIES_MAX} series`)
    series.push({ labels: found.labels ?? fail('no labels'), ...(found.points ?? fail('none')) })
  }
  return {
    series,
    object,
    text,
    skip,
    kind: () => kind,
    data() {
      object((name) => {
        if (name === 'resultType') kind = text()
        else if (name === 'result') list(oneSeries)
        else skip()
      })
    },
    end() {
      if (peek() !== undefined) fail('more than one value')
    },
  }
}

const isEnd = (code: number | undefined) =>
  code === undefined ||
  code === COMMA ||
  code === CLOSE_LIST ||
  code === CLOSE_OBJECT ||
  isBlank(code)

function labelsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) throw new SyntaxError('no labels')
  const labels: [string, string][] = []
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new SyntaxError('a label is no text')
    labels.push([name, text])
  }
  return Object.fromEntries(labels)
}

/** Reads `[[1777593600,"0.57"],…]`: each number digit by digit, because they are most of an answer. */
function createPoints(bytes: Uint8Array, { fromMs, toMs, stepMs }: Instants) {
  const length = Math.max(0, Math.ceil((toMs - fromMs) / stepMs))
  const instants = new Uint32Array(length)
  const values = new Float64Array(length)
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
    values[count] = number
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
  return {
    /** Reads the list that begins at `from`; `end` is where it ended. */
    read(from: number): Points {
      pos = from
      count = 0
      after = -1
      odd = new Map()
      expect(OPEN_LIST)
      skipBlanks()
      if (bytes[pos] === CLOSE_LIST) pos += 1
      else
        for (;;) {
          if (!quickPoint()) point()
          skipBlanks()
          if (bytes[pos] === CLOSE_LIST) {
            pos += 1
            break
          }
          expect(COMMA)
          skipBlanks()
        }
      return { instants: instants.slice(0, count), values: values.slice(0, count), odd }
    },
    get end() {
      return pos
    },
  }
}

/** What Prometheus prints: keeps `0x10`, `Infinity` and blanks away from Number(). */
const isNumber = (text: string) => {
  const first = text.charCodeAt(0)
  return (
    (first === MINUS || first === PLUS || first === POINT || (first >= ZERO && first < COLON)) &&
    /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)
  )
}
