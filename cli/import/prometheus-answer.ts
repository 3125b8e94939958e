import type { Instants } from './prometheus-api.ts'
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COMMA,
  createPoints,
  isBlank,
  isEnd,
  OPEN_LIST,
  type PastPoints,
  QUOTE,
} from './prometheus-points.ts'

/** One series: its labels, and its values at the instants that were asked for. */
export interface PastSeries extends PastPoints {
  readonly labels: Readonly<Record<string, string>>
}

/** An answer has a series for each line of an exporter's page; no exporter has so many. */
const SERIES_MAX = 100_000
const DEPTH_MAX = 32

const COLON = 58
const BACKSLASH = 92
const OPEN_OBJECT = 123

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
    const found: { labels?: Record<string, string>; points?: PastPoints } = {}
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

function labelsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) throw new SyntaxError('no labels')
  const labels: [string, string][] = []
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new SyntaxError('a label is no text')
    labels.push([name, text])
  }
  return Object.fromEntries(labels)
}
