import type { PastSeries } from './prometheus-answer.ts'

/** One line of an exporter's pages: everything before its value, and what it showed when. */
export interface PastLine {
  /** `NAME{labels}`. */
  readonly head: string
  readonly series: PastSeries
}

/** Instants from one to another (left out) at which the same lines had a value. */
export interface PastRun {
  readonly from: number
  readonly to: number
  /** Positions in the list of lines. */
  readonly lines: readonly number[]
  /** For each of them, where its value at `from` stands in the series; the others follow. */
  readonly offsets: readonly number[]
  /** At its only instant a value was printed in a way that matters. */
  readonly isOdd: boolean
}

/** Labels that Prometheus adds; the exporter's own of these names are kept as `exported_…`. */
const ADDED = new Set(['__name__', 'instance', 'job'])
const EXPORTED = 'exported_'

/** The lines of an exporter's pages, in order. Only the labels that Prometheus gave itself are taken off. */
export const linesOf = (series: readonly PastSeries[]): PastLine[] =>
  series
    .map((one) => ({ head: headOf(one.labels), series: one }))
    // Rows of one field follow each other, as exporters print them.
    .toSorted((a, b) => (a.head < b.head ? -1 : a.head > b.head ? 1 : 0))

/**
 * The pages that an exporter must have shown, put together where they had the same lines: of every instant the lines
 * that had a value then. Instants without any are left out.
 */
export function* runsOf(lines: readonly PastLine[], length: number): Generator<PastRun> {
  const { edges, oddities } = edgesOf(lines, length)
  const next = lines.map(() => 0)
  for (let from = 0; from < length;) {
    let to = from + 1
    while (to < length && edges[to] === 0) to += 1
    const present: number[] = []
    const offsets: number[] = []
    for (const [line, { series }] of lines.entries()) {
      const offset = next[line] ?? 0
      if (series.instants[offset] !== from) continue
      present.push(line)
      offsets.push(offset)
      next[line] = offset + to - from
    }
    if (present.length > 0) yield { from, to, lines: present, offsets, isOdd: oddities[from] === 1 }
    from = to
  }
}

/** Where lines come and go, and where a value needs its text. */
function edgesOf(lines: readonly PastLine[], length: number) {
  const edges = new Uint8Array(length + 1)
  const oddities = new Uint8Array(length)
  for (const { series } of lines) {
    const { instants, odd } = series
    const isWhole = instants.length === length
    // Without a gap, it comes at the first instant and goes after the last.
    let expected = isWhole ? length : -1
    if (isWhole) edges[0] = 1
    for (let at = isWhole ? length : 0; at < instants.length; at += 1) {
      const instant = instants[at] ?? 0
      if (instant !== expected) {
        if (expected >= 0) edges[expected] = 1
        edges[instant] = 1
      }
      expected = instant + 1
    }
    if (expected >= 0) edges[expected] = 1
    for (const instant of odd.keys()) {
      oddities[instant] = 1
      edges[instant] = 1
      edges[instant + 1] = 1
    }
  }
  return { edges, oddities }
}

/** The page of an instant of a run, as the exporter printed it. */
export function pageText(lines: readonly PastLine[], run: PastRun, instant: number): string {
  let text = ''
  for (const [at, line] of run.lines.entries()) {
    const { head = '', series } = lines[line] ?? {}
    const value = series?.values[(run.offsets[at] ?? 0) + instant - run.from] ?? Number.NaN
    text += `${head} ${series?.odd.get(instant) ?? value}\n`
  }
  return text
}

function headOf(labels: Readonly<Record<string, string>>): string {
  const own = Object.entries(labels).flatMap(([name, value]) => {
    if (ADDED.has(name)) return []
    // What the exporter itself said under a name that Prometheus uses.
    const said = name.startsWith(EXPORTED) ? name.slice(EXPORTED.length) : name
    return [`${ADDED.has(said) ? said : name}="${escaped(value)}"`]
  })
  return `${labels['__name__'] ?? ''}{${own.join(',')}}`.toWellFormed()
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
