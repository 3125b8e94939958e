/** Half-open, epoch ms. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Spans in order, those that touch or overlap joined; empty ones are left out. */
export function joinSpans(spans: readonly Span[]): Span[] {
  const joined: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1)
    if (toMs <= fromMs) continue
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs)
    else joined.push({ fromMs, toMs })
  }
  return joined
}

/**
 * Rows that turn what is stored into what is to be: new ones, and stored ones that a wider one took in, with an end that
 * is their beginning.
 */
export function changedSpans(stored: readonly Span[], added: readonly Span[]): Span[] {
  const wanted = joinSpans([...stored, ...added])
  const ends = new Map(stored.map(({ fromMs, toMs }) => [fromMs, toMs]))
  const changed = wanted.filter(({ fromMs, toMs }) => ends.get(fromMs) !== toMs)
  const begins = new Set(wanted.map(({ fromMs }) => fromMs))
  const taken = stored.filter(({ fromMs, toMs }) => toMs > fromMs && !begins.has(fromMs))
  return [...changed, ...taken.map(({ fromMs }) => ({ fromMs, toMs: fromMs }))]
}

/** Follows a level over time: one span for each slot below it, for as long as it stays below. */
export interface LevelRuns {
  /** From now on `level` slots are taken, the lowest first. Times never fall. */
  set(atMs: number, level: number): void
}

export function createLevelRuns(onSpan: (slot: number, span: Span) => void): LevelRuns {
  const since: number[] = []
  return {
    set(atMs, level) {
      while (since.length > level) {
        const fromMs = since.pop() ?? atMs
        if (atMs > fromMs) onSpan(since.length, { fromMs, toMs: atMs })
      }
      while (since.length < level) since.push(atMs)
    },
  }
}
