import type { Column } from '#lib/chart/series.ts'

/**
 * Long columns -> at most two points a pixel for drawing, fewer of each where many lines cross the same pixels. Of every
 * stretch of time each column keeps its lowest and highest value in their order, its last value, and that something is
 * missing in it.
 */

/** Points a stretch is drawn with: two extremes, and the gap or the last value. */
const POINTS = 3
/** Points a pixel: of one line at most, of all lines together, and of each of many at least. */
const POINTS_PX = { line: 2, all: 10, least: 0.4 } as const

export interface Drawn {
  readonly times: number[]
  readonly columns: Column[]
  /** Points of a column that a pixel stands for. */
  readonly density: number
}

/** `times` ascend, epoch ms; every column is as long. Short ones come back as they are. `width` in px. */
export function decimate(
  times: number[],
  columns: Column[],
  view: { readonly from: number; readonly to: number; readonly width: number },
): Drawn {
  const density = times.length / Math.max(1, view.width)
  const room = Math.max(POINTS * 3, Math.floor(view.width * pointsPx(columns.length)))
  if (times.length <= room || view.to <= view.from) return { times, columns, density }
  const ends = stretchesOf(times, view, Math.floor(room / POINTS) - 2)
  return {
    times: timesOf(times, ends),
    columns: columns.map((column) => pointsOf(column, ends)),
    density,
  }
}

/** Points a pixel of each of so many lines. */
export function pointsPx(lines: number): number {
  const share = POINTS_PX.all / Math.max(1, lines)
  return Math.max(POINTS_PX.least, Math.min(POINTS_PX.line, share))
}

/** Index after the last point of each stretch. One on each side holds what lies outside the view. */
function stretchesOf(
  times: readonly number[],
  { from, to }: { readonly from: number; readonly to: number },
  inside: number,
): number[] {
  const stretchMs = (to - from) / inside
  const ends: number[] = []
  let untilMs = from
  for (let index = 0; index < times.length; index += 1) {
    const ms = times[index] ?? 0
    if (ms < untilMs) continue
    if (index > 0) ends.push(index)
    const stretch = Math.floor((ms - from) / stretchMs) + 1
    untilMs = stretch > inside ? Infinity : from + stretch * stretchMs
  }
  if (times.length > 0) ends.push(times.length)
  return ends
}

function timesOf(times: readonly number[], ends: readonly number[]): number[] {
  const drawn: number[] = []
  let start = 0
  for (const end of ends) {
    if (end - start <= POINTS)
      for (let index = start; index < end; index += 1) drawn.push(times[index] ?? 0)
    else drawn.push(times[start] ?? 0, times[(start + end - 1) >> 1] ?? 0, times[end - 1] ?? 0)
    start = end
  }
  return drawn
}

/** As many points a stretch as there are times. This runs over every point at each new width, so it makes no objects. */
function pointsOf(column: Column, ends: readonly number[]): Column {
  const drawn: Column = []
  let start = 0
  for (const end of ends) {
    if (end - start <= POINTS)
      for (let index = start; index < end; index += 1) drawn.push(column[index] ?? null)
    else addExtremes(drawn, column, start, end)
    start = end
  }
  return drawn
}

function addExtremes(drawn: Column, column: Column, start: number, end: number): void {
  let [low, high, gap] = [-1, -1, -1]
  let [lowest, highest] = [Infinity, -Infinity]
  for (let index = start; index < end; index += 1) {
    const value = column[index] ?? null
    if (value === null) {
      // Of several gaps the last: the line begins anew after it.
      gap = index
      continue
    }
    if (low === -1 || value < lowest) {
      low = index
      lowest = value
    }
    if (high === -1 || value > highest) {
      high = index
      highest = value
    }
  }
  if (low === -1) {
    drawn.push(null, null, null)
    return
  }
  const third = gap === -1 ? end - 1 : gap
  const [first, second] = [Math.min(low, high), Math.max(low, high)]
  const at = (index: number) => drawn.push(column[index] ?? null)
  if (third < first) at(third)
  at(first)
  if (third >= first && third < second) at(third)
  at(second)
  if (third >= second) at(third)
}
