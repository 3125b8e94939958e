import type { Series } from '#schemas/api.ts'

/** Series of the API -> columns of a chart. Null stays null: the chart leaves a gap. */

export type Column = (number | null)[]

export interface Buckets {
  /** Middle of each bucket, epoch ms: a mean belongs to the middle of its time. */
  readonly times: number[]
  readonly startMs: (index: number) => number
  readonly endMs: (index: number) => number
}

export function bucketsOf(series: Pick<Series, 't0' | 'step_ms' | 'values'>): Buckets {
  const { t0, step_ms: step } = series
  return {
    times: series.values.map((_value, index) => t0 + index * step + step / 2),
    startMs: (index) => t0 + index * step,
    endMs: (index) => t0 + (index + 1) * step,
  }
}

/** A column held over each whole bucket: for steps drawn from edge to edge, with the last edge added. */
export function heldFromEdges(
  buckets: Buckets,
  values: Column,
): { times: number[]; column: Column } {
  const edges = values.map((_value, index) => buckets.startMs(index))
  const last = values.at(-1)
  if (last === undefined) return { times: [], column: [] }
  return { times: [...edges, buckets.endMs(values.length - 1)], column: [...values, last] }
}

/** The first and last index whose time lies in [from, to] (epoch ms), or null where none does. `times` ascend. */
export function reachOf(
  times: readonly number[],
  from: number,
  to: number,
): { first: number; last: number } | null {
  const first = times.findIndex((time) => time >= from && time <= to)
  if (first === -1) return null
  return { first, last: times.findLastIndex((time) => time <= to) }
}

export interface Extremes {
  readonly last: { readonly value: number; readonly index: number }
  readonly min: { readonly value: number; readonly index: number }
  readonly max: { readonly value: number; readonly index: number }
}

/** Last, lowest and highest known value with their places; null when nothing is known. */
export function extremesOf(values: readonly (number | null)[]): Extremes | null {
  let found: Extremes | null = null
  for (const [index, value] of values.entries()) {
    if (value === null) continue
    const here = { value, index }
    found =
      found === null
        ? { last: here, min: here, max: here }
        : {
            last: here,
            min: value < found.min.value ? here : found.min,
            max: value > found.max.value ? here : found.max,
          }
  }
  return found
}

/** First and last index of every stretch without values. */
export function nullRuns(values: ArrayLike<number | null | undefined>): [number, number][] {
  const runs: [number, number][] = []
  let start: number | null = null
  for (let index = 0; index <= values.length; index += 1) {
    const missing = index < values.length && (values[index] ?? null) === null
    if (missing) start ??= index
    else if (start !== null) {
      runs.push([start, index - 1])
      start = null
    }
  }
  return runs
}

/** A column without its values where another one is null: bounds of nothing known say nothing. */
export function where(column: Column, known: Column): Column {
  return column.map((value, index) => ((known[index] ?? null) === null ? null : value))
}

/** The index whose time is nearest; -1 where there is none. `times` ascend. */
export function nearestIndex(times: readonly number[], ms: number): number {
  let low = 0
  let high = times.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) < ms) low = middle
    else high = middle
  }
  return Math.abs((times[low] ?? 0) - ms) <= Math.abs((times[high] ?? 0) - ms) ? low : high
}

/** Stretches of time without a value, from edge to edge of their buckets (`times` are middles), epoch ms. */
export function gapsOf(
  times: readonly number[],
  values: readonly (number | null)[],
  /** Nothing is missing of what has not been yet. */
  endMs = Number.POSITIVE_INFINITY,
): readonly (readonly [fromMs: number, toMs: number])[] {
  const [first, second] = times
  if (first === undefined || second === undefined) return []
  const half = (second - first) / 2
  return nullRuns(values).flatMap(([start, end]) => {
    const gap = [(times[start] ?? 0) - half, Math.min(endMs, (times[end] ?? 0) + half)] as const
    return gap[1] > gap[0] ? [gap] : []
  })
}
