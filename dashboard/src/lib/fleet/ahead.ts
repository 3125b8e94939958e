import type { Column } from '#lib/chart/series.ts'
import type { Range } from '#lib/range.ts'
import { epochMs } from '#lib/time.ts'
import type { FleetForecast } from './crossing.ts'

/** The forecast as lines that go on where the chart of the past ends. */

const HOUR_MS = 3_600_000
const AHEAD_MS = {
  '1h': HOUR_MS / 2,
  '6h': 3 * HOUR_MS,
  '24h': 12 * HOUR_MS,
  '7d': 24 * HOUR_MS,
} as const

/** How much of the future a range shows, ms; none of it where the range is in the past. */
export const aheadOf = (range: Range): number => (range.kind === 'last' ? AHEAD_MS[range.key] : 0)

export interface Ahead {
  /** Times of the past, then those that the forecast speaks of. */
  readonly times: number[]
  readonly p10: Column
  readonly p50: Column
  readonly p90: Column
  /** Where the forecast begins: hatching of unknown time ends there. */
  readonly fromMs: number
}

/**
 * Lines from the newest time of the past on, cut at the end of the chart. A forecast begins where it was made, at the level
 * it knew: what has happened since stands beside it and is not joined to it. Null where there is nothing to draw ahead.
 */
export function aheadLines(
  past: readonly number[],
  forecast: FleetForecast | null,
  untilMs: number,
): Ahead | null {
  const fromMs = past.at(-1)
  if (forecast === null || fromMs === undefined || untilMs <= fromMs) return null
  const { now, made_ms } = forecast
  const known: AheadPoint[] = [
    { at: made_ms, p10: now, p50: now, p90: now },
    ...forecast.points.map(({ at, p10, p50, p90 }) => ({ at: epochMs(at) ?? 0, p10, p50, p90 })),
  ]
  const end = Math.min(untilMs, known.at(-1)?.at ?? untilMs)
  if (end <= fromMs) return null
  const points = [
    pointAt(known, fromMs),
    ...known.filter(({ at }) => at > fromMs && at < end),
    pointAt(known, end),
  ]
  const column = (read: (point: AheadPoint) => number): Column => [
    ...past.slice(1).map(() => null),
    ...points.map(read),
  ]
  return {
    times: [...past, ...points.slice(1).map(({ at }) => at)],
    p10: column(({ p10 }) => p10),
    p50: column(({ p50 }) => p50),
    p90: column(({ p90 }) => p90),
    fromMs,
  }
}

interface AheadPoint {
  readonly at: number
  readonly p10: number
  readonly p50: number
  readonly p90: number
}

/** Between two points as a line goes; before the first and after the last as they are. */
function pointAt(points: readonly AheadPoint[], at: number): AheadPoint {
  const before = points.findLast((point) => point.at <= at)
  const after = points.find((point) => point.at > at)
  const [from, to] = [before ?? after, after ?? before]
  if (from === undefined || to === undefined) return { at, p10: 0, p50: 0, p90: 0 }
  const share = to.at > from.at ? Math.max(0, (at - from.at) / (to.at - from.at)) : 0
  const between = (a: number, b: number) => a + (b - a) * share
  return {
    at,
    p10: between(from.p10, to.p10),
    p50: between(from.p50, to.p50),
    p90: between(from.p90, to.p90),
  }
}
