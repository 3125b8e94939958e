import { OPEN_MS } from '../settle/capacity.ts'

/** Half-open, epoch ms; an end of OPEN_MS has not come. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** An interval of the journal as tables hold it: an end before the start makes it empty, never negative. */
export function spanOf(fromMs: number, toMs: number | null): Span {
  const from = Math.min(fromMs, OPEN_MS)
  return { fromMs: from, toMs: Math.max(from, Math.min(toMs ?? OPEN_MS, OPEN_MS)) }
}

export const isEmpty = ({ fromMs, toMs }: Span) => toMs <= fromMs
export const overlaps = (a: Span, b: Span) => a.fromMs < b.toMs && b.fromMs < a.toMs

/**
 * What changes when a row with the same start replaces another one: the time between the two ends, or all of both
 * when they say different things. Null = nothing.
 */
export function changedSpan(before: Span | null, after: Span, saysTheSame: boolean): Span | null {
  const spans = [...(before === null ? [] : [before]), after]
  const [first, second] = spans.map(({ toMs }) => toMs)
  const isMove = saysTheSame && first !== undefined && second !== undefined
  const span = isMove
    ? { fromMs: Math.min(first, second), toMs: Math.max(first, second) }
    : { fromMs: after.fromMs, toMs: Math.max(...spans.map(({ toMs }) => toMs)) }
  return isEmpty(span) ? null : span
}

/** Changes told apart at most: settling goes over a few minutes more rather than over a long list. */
const SPANS_MAX = 64
const GAP_MS = 600_000

/** The same time in few spans, in order: gaps that are short beside the whole are closed. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  for (let gapMs = GAP_MS; ; gapMs *= 4) {
    const merged = joinSpans(spans, gapMs)
    if (merged.length <= SPANS_MAX) return merged
  }
}

/** The same time as spans in order that are more than a gap apart. */
export function joinSpans(spans: readonly Span[], gapMs: number): readonly Span[] {
  const sorted = spans.filter((span) => !isEmpty(span)).toSorted((a, b) => a.fromMs - b.fromMs)
  const merged: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of sorted) {
    const open = merged.at(-1)
    if (open !== undefined && fromMs <= open.toMs + gapMs) open.toMs = Math.max(open.toMs, toMs)
    else merged.push({ fromMs, toMs })
  }
  return merged
}
