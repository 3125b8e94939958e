import type { Forecast, ForecastScore, ForecastStanding } from '#schemas/alerts/forecast.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { levelsAt } from '#schemas/alerts/zone-levels.ts'
import type { ZoneSet, ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { evaluateZone } from '../zones/evaluate.ts'
import { zoneLabels } from '../zones/reading.ts'
import type { KnownFacts } from './known.ts'
import { score } from './score.ts'
import type { Calendar } from './season.ts'
import {
  COVERAGE_MIN,
  extendSeries,
  readingOf,
  type Series,
  SLICE_MS,
  SLICES_PER_WEEK,
} from './series.ts'
import { announcementOf, type ForecastState, NO_FORECAST_STATE, stepForecast } from './step.ts'

/** Slices that are learned from. */
export const HISTORY_SLICES = 8 * SLICES_PER_WEEK
/** A forecast is scored for the last time a day after it was made. */
export const SCORED_FOR_MS = 86_400_000
/** Stored forecasts that say what was announced before a restart. */
const ANNOUNCED_MS = 2 * 3_600_000

export const NOT_MUTED: ForecastStanding = { muted: false, because: null }

/** One scope that is looked ahead for, after its newest closed slice. */
export interface WatchedScope {
  readonly set: ZoneSet
  /** The scope alone, without the set. */
  readonly scope: AlertLabels
  /** End of the newest slice that was looked at, epoch ms; 0 = none yet. */
  readonly atMs: number
  readonly series: Series
  readonly state: ForecastState
  readonly standing: ForecastStanding
  /** Forecasts that have points to be scored, oldest first. */
  readonly made: readonly Forecast[]
  /** Of the newest slice; null = too little is known. */
  readonly newest: Forecast | null
  readonly devices: number
}

/** A scope as the history and the stored forecasts have it: oldest first, both. */
export function openScope(from: {
  readonly set: ZoneSet
  readonly scope: AlertLabels
  readonly series: Series
  readonly stored: readonly Forecast[]
  readonly standing: ForecastStanding
}): WatchedScope {
  const { stored, ...given } = from
  const lastMs = stored.at(-1)?.made_ms ?? 0
  const newest = stored.filter(({ made_ms }) => made_ms > lastMs - ANNOUNCED_MS)
  const state = { ...NO_FORECAST_STATE, announcement: announcementOf(newest) }
  return { ...given, atMs: lastMs, state, made: stored, newest: null, devices: 0 }
}

/**
 * Closed slices of a scope up to `toMs`: what was expected of those since the last is scored, and the newest is looked
 * ahead from. `slices` reach back as far as zones do; late corrections among them count. Pure; some 100 ms once a day.
 */
export function stepScope(
  before: WatchedScope,
  slices: readonly ZoneSlice[],
  at: { readonly toMs: number; readonly calendar: Calendar; readonly facts: KnownFacts },
): { readonly scope: WatchedScope; readonly scores: readonly ForecastScore[] } {
  const { set, scope } = before
  const { toMs } = at
  if (toMs <= before.atMs) return { scope: before, scores: [] }
  const series = extendSeries(before.series, slices, { toMs, slicesMax: HISTORY_SLICES })
  const scores = slices
    .filter(({ fromMs }) => fromMs + SLICE_MS > before.atMs)
    .flatMap((slice) => {
      const { utilization, coverage } = readingOf(slice)
      if (utilization === null || coverage < COVERAGE_MIN) return []
      return score(before.made, { fromMs: slice.fromMs, utilization })
    })
  const newest = slices.find(({ fromMs }) => fromMs === toMs - SLICE_MS)
  const devices = Math.round(Number(newest?.baseMs ?? 0n) / SLICE_MS)
  const line = levelsAt(set, toMs)?.danger
  const next = { ...before, atMs: toMs, series, devices, newest: null }
  if (line === undefined) return { scope: next, scores }
  const step = stepForecast(before.state, {
    labels: zoneLabels(set, scope),
    line,
    series,
    calendar: at.calendar,
    facts: at.facts,
    devices,
    isInZone: evaluateZone(set, slices).at(-1)?.open.danger !== undefined,
  })
  const made = step.made === null ? null : { ...step.made, standing: before.standing }
  const kept = before.made.filter(({ made_ms }) => made_ms >= toMs - SCORED_FOR_MS)
  return {
    scope: {
      ...next,
      state: step.state,
      newest: made,
      made: made === null ? kept : [...kept, made],
    },
    scores,
  }
}
