import type { RejectedLine } from '#schemas/reading.ts'

/** Counts every refusal by reason and keeps the first few lines as examples. */
export interface Rejections<Reason extends string> {
  add(line: string, reason: Reason): void
  examples(): readonly RejectedLine[]
  byReason(): Readonly<Record<string, number>>
}

const EXAMPLES = 8
const EXAMPLE_CHARS = 512

/** An empty record of refusals for one output. Reasons are a fixed list per source: they label counters. */
export function createRejections<Reason extends string>(): Rejections<Reason> {
  const kept: RejectedLine[] = []
  const counts = new Map<Reason, number>()
  return {
    add(line, reason) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
      if (kept.length < EXAMPLES)
        kept.push({ line: detached(line.slice(0, EXAMPLE_CHARS)), reason })
    },
    examples: () => kept,
    byReason: () => Object.fromEntries(counts),
  }
}

/**
 * A copy that shares no memory with its origin. V8 keeps a substring as a view, so one kept label would
 * hold its whole page; over thousands of exporters that is the memory of the collector.
 */
export function detached(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
