/** Words at a place of the time axis: what a chart tells beside its values, under the cursor. */

export interface Mark {
  readonly fromMs: number
  /** Null = one moment. */
  readonly toMs: number | null
  readonly text: string
}

/** Marks within `reachMs` of a moment, the nearest begin first; at most `limit`. */
export function marksAt(
  marks: readonly Mark[],
  atMs: number,
  { reachMs, limit }: { readonly reachMs: number; readonly limit: number },
): readonly Mark[] {
  return marks
    .filter(({ fromMs, toMs }) => atMs >= fromMs - reachMs && atMs <= (toMs ?? fromMs) + reachMs)
    .toSorted((a, b) => Math.abs(a.fromMs - atMs) - Math.abs(b.fromMs - atMs))
    .slice(0, limit)
}

/** The begin of the next mark after a moment, or of the one before it; null at the end. */
export function nextMark(
  marks: readonly Mark[],
  atMs: number,
  step: { readonly forward: boolean; readonly reachMs: number },
): number | null {
  const begins = marks.map(({ fromMs }) => fromMs)
  const there = step.forward
    ? begins.filter((ms) => ms > atMs + step.reachMs)
    : begins.filter((ms) => ms < atMs - step.reachMs)
  if (there.length === 0) return null
  return step.forward ? Math.min(...there) : Math.max(...there)
}
