import type { Forecast } from '#schemas/alerts/forecast.ts'
import { announce, type Announcement, QUIET } from './announce.ts'
import { type Fit, learn } from './fit.ts'
import { forecast, type ForecastInput } from './forecast.ts'
import type { Calendar } from './season.ts'
import { SLICE_MS } from './series.ts'

/** What is remembered of a scope between slices. Lost at a restart it is learned and voted anew. */
export interface ForecastState {
  readonly fit: Fit | null
  readonly announcement: Announcement
}

export const NO_FORECAST_STATE: ForecastState = { fit: null, announcement: QUIET }

export interface StepInput extends Omit<ForecastInput, 'fit'> {
  readonly calendar: Calendar
  /** Whether the zone's own alert of the danger line is open. */
  readonly isInZone: boolean
  /** Never learn anew, for a replay with weights of before. */
  readonly isFrozen?: boolean
}

const LEARN_EVERY_MS = 86_400_000

/**
 * One closed slice of one scope: learns when a day has gone by (some 100 ms), looks ahead (some ms), and decides what is
 * said of it. `made` is null where too little is known; what was announced is then left as it was.
 */
export function stepForecast(
  state: ForecastState,
  input: StepInput,
): { readonly state: ForecastState; readonly made: Forecast | null } {
  const { series, calendar, isInZone, isFrozen = false } = input
  const nowMs = series.fromMs + series.readings.length * SLICE_MS
  const isDue = state.fit === null || (!isFrozen && nowMs - state.fit.learnedMs >= LEARN_EVERY_MS)
  const fit = state.fit === null || isDue ? learn(series, calendar) : state.fit
  const made = forecast({ ...input, fit })
  if (made === null) return { state: { ...state, fit }, made: null }
  const announcement = announce(state.announcement, made, isInZone)
  return { state: { fit, announcement }, made: { ...made, announced: announcement.state } }
}

/** What was announced, from the newest stored forecasts of a scope, oldest first: how a new evaluator goes on. */
export function announcementOf(stored: readonly Forecast[]): Announcement {
  return stored.reduce((state, made) => {
    const next = announce(state, made, false)
    return { ...next, state: made.announced }
  }, QUIET)
}
