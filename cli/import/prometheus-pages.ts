import type { Instants, PrometheusSeries } from './prometheus-api.ts'

/** What an exporter's page was at one instant, as text. */
export interface HistoryPage {
  readonly atMs: number
  readonly text: string
}

/** Labels that Prometheus adds; the exporter's own of these names are kept as `exported_…`. */
const ADDED = new Set(['__name__', 'instance', 'job'])
const EXPORTED = 'exported_'

/**
 * The pages that an exporter must have shown: of every instant the series that had a value then. Only the labels that
 * Prometheus gave itself are taken off.
 */
export function* pagesOf(
  series: readonly PrometheusSeries[],
  { fromMs, toMs, stepMs }: Instants,
): Generator<HistoryPage> {
  const lines = series
    .map(({ labels, values }) => ({ head: headOf(labels), values, next: 0 }))
    // Rows of one field follow each other, as exporters print them.
    .toSorted((a, b) => (a.head < b.head ? -1 : 1))
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) {
    const seconds = atMs / 1000
    let text = ''
    for (const line of lines) {
      let point = line.values[line.next]
      while (point !== undefined && point[0] < seconds) point = line.values[++line.next]
      if (point?.[0] === seconds) text += `${line.head} ${point[1]}\n`
    }
    if (text !== '') yield { atMs, text }
  }
}

function headOf(labels: Readonly<Record<string, string>>): string {
  const own = Object.entries(labels).flatMap(([name, value]) => {
    if (ADDED.has(name)) return []
    // What the exporter itself said under a name that Prometheus uses.
    const said = name.startsWith(EXPORTED) ? name.slice(EXPORTED.length) : name
    return [`${ADDED.has(said) ? said : name}="${escaped(value)}"`]
  })
  return `${labels['__name__'] ?? ''}{${own.join(',')}}`
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
