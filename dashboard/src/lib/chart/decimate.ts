import type { Column } from '#lib/chart/series.ts'

/**
 * Long columns -> at most two points a pixel for drawing. Of every stretch of time narrower than two pixels each column
 * keeps its lowest and highest value in their order, its last value, and that something is missing in it.
 */

/** Points a stretch is drawn with: two extremes, and the gap or the last value. */
const POINTS = 3

export interface Drawn {
  readonly times: number[]
  readonly columns: Column[]
}

/** `times` ascend, epoch ms; every column is as long. Short ones come back as they are. `width` in px. */
export function decimate(
  times: number[],
  columns: Column[],
  view: { readonly from: number; readonly to: number; readonly width: number },
): Drawn {
  const room = Math.max(POINTS * 3, Math.floor(view.width * 2))
  if (times.length <= room || view.to <= view.from) return { times, columns }
  // One stretch on each side holds what lies outside the view.
  const inside = Math.floor(room / POINTS) - 2
  const perMs = inside / (view.to - view.from)
  const stretchOf = (ms: number) =>
    Math.max(-1, Math.min(inside, Math.floor((ms - view.from) * perMs)))
  const drawn: Drawn = { times: [], columns: columns.map(() => []) }
  let start = 0
  while (start < times.length) {
    const stretch = stretchOf(times[start] ?? 0)
    let end = start + 1
    while (end < times.length && stretchOf(times[end] ?? 0) === stretch) end += 1
    addStretch(drawn, { times, columns, start, end })
    start = end
  }
  return drawn
}

interface Stretch {
  readonly times: readonly number[]
  readonly columns: readonly Column[]
  /** Half-open, indices of `times`. */
  readonly start: number
  readonly end: number
}

function addStretch(drawn: Drawn, { times, columns, start, end }: Stretch): void {
  if (end - start <= POINTS) {
    for (let index = start; index < end; index += 1) {
      drawn.times.push(times[index] ?? 0)
      for (const [at, column] of columns.entries()) drawn.columns[at]?.push(column[index] ?? null)
    }
    return
  }
  drawn.times.push(times[start] ?? 0, times[(start + end - 1) >> 1] ?? 0, times[end - 1] ?? 0)
  for (const [at, column] of columns.entries())
    drawn.columns[at]?.push(...pointsOf(column, start, end))
}

function pointsOf(column: Column, start: number, end: number): (number | null)[] {
  let low = -1
  let high = -1
  let gap = -1
  for (let index = start; index < end; index += 1) {
    const value = column[index] ?? null
    if (value === null) {
      // Of several gaps the last: the line begins anew after it.
      gap = index
      continue
    }
    if (low === -1 || value < (column[low] ?? 0)) low = index
    if (high === -1 || value > (column[high] ?? 0)) high = index
  }
  if (low === -1) return [null, null, null]
  const places = gap === -1 ? [low, high, end - 1] : [low, high, gap]
  return places.toSorted((a, b) => a - b).map((index) => column[index] ?? null)
}
