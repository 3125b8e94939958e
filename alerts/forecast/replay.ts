import type { Forecast } from '#schemas/alerts/forecast.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { Announcement } from './announce.ts'
import type { Fit } from './fit.ts'
import type { KnownFacts } from './known.ts'
import type { Calendar } from './season.ts'
import { type Series, SLICE_MS, SLICES_PER_WEEK } from './series.ts'
import { type ForecastState, NO_FORECAST_STATE, stepForecast } from './step.ts'

/** A stretch of history to look ahead from, slice by slice, as it would have been done then. */
export interface ReplayInput {
  readonly labels: AlertLabels
  readonly line: number
  readonly series: Series
  readonly calendar: Calendar
  /** What was known at a moment; `NOTHING_KNOWN` where nobody kept it. */
  readonly factsAt: (atMs: number) => KnownFacts
  readonly devices: number
  /** First and last moment of looking ahead, [fromMs, toMs). */
  readonly fromMs: number
  readonly toMs: number
  /** Use this and learn nothing more; default: learn anew each day from what lies before it. */
  readonly fit?: Fit
}

/** One time that people would have been told. */
export interface Announced {
  readonly fromMs: number
  readonly untilMs: number
  /** When it would have paged; null = it stayed a warning. */
  readonly pagedMs: number | null
  /** When the line was to be reached at the latest, by the 80 % interval of the first forecast; null = within a day. */
  readonly latestMs: number | null
}

/** One time that the scope went under the line for three slices in a row. */
export interface Crossing {
  /** End of the first of the three slices. */
  readonly atMs: number
  /** When it had been above the line by three points for a quarter of an hour; null = not yet. */
  readonly clearedMs: number | null
}

export interface Replay {
  readonly announced: readonly Announced[]
  readonly crossings: readonly Crossing[]
}

const SLICES_IN_ROW = 3
const CLEAR_ABOVE = 0.03
const HISTORY_SLICES = 8 * SLICES_PER_WEEK

/** Times under the line by the upper bound, DEFINITIONS section 9: the fast condition and the clear one. */
export function crossingsOf({ fromMs, readings }: Series, line: number): Crossing[] {
  const found: { atMs: number; clearedMs: number | null }[] = []
  let under = 0
  let above = 0
  for (const [at, { utilization, coverage }] of readings.entries()) {
    const busy = (utilization ?? 0) * coverage
    under = busy + 1 - coverage < line ? under + 1 : 0
    above = busy > line + CLEAR_ABOVE ? above + 1 : 0
    const open = found.at(-1)
    const endMs = fromMs + (at + 1) * SLICE_MS
    if (open !== undefined && open.clearedMs === null) {
      if (above >= SLICES_IN_ROW) open.clearedMs = endMs
    } else if (under >= SLICES_IN_ROW)
      found.push({ atMs: endMs - (SLICES_IN_ROW - 1) * SLICE_MS, clearedMs: null })
  }
  return found
}

/** Looks ahead from every slice; `onForecast` sees each forecast with what was said of it. */
export function replay(
  input: ReplayInput,
  onForecast: (made: Forecast) => void = () => undefined,
): Replay {
  const { series, fromMs, toMs, line } = input
  const crossings = crossingsOf(series, line)
  const announced: Announced[] = []
  let state: ForecastState = { ...NO_FORECAST_STATE, fit: input.fit ?? null }
  const first = Math.max(1, Math.round((fromMs - series.fromMs) / SLICE_MS))
  const end = Math.min(series.readings.length, Math.round((toMs - series.fromMs) / SLICE_MS))
  for (let at = first; at < end; at += 1) {
    const cut = Math.max(0, at - HISTORY_SLICES)
    const nowMs = series.fromMs + at * SLICE_MS
    const { state: next, made } = stepForecast(state, {
      labels: input.labels,
      line,
      series: { fromMs: series.fromMs + cut * SLICE_MS, readings: series.readings.slice(cut, at) },
      facts: input.factsAt(nowMs),
      devices: input.devices,
      calendar: input.calendar,
      // Open from its third slice on, which is when its own alert tells of it.
      isInZone: crossings.some(
        ({ atMs, clearedMs }) =>
          nowMs >= atMs + (SLICES_IN_ROW - 1) * SLICE_MS &&
          (clearedMs === null || nowMs < clearedMs),
      ),
      isFrozen: input.fit !== undefined,
    })
    if (made !== null) {
      note(announced, state.announcement, made)
      onForecast(made)
    }
    state = next
  }
  return { announced, crossings: crossings.filter(({ atMs }) => atMs >= fromMs && atMs < toMs) }
}

function note(announced: Announced[], before: Announcement, made: Forecast): void {
  const { made_ms, to_line } = made
  const pagedMs = made.announced === 'page' ? made_ms : null
  const open = announced.at(-1)
  if (before.state !== 'no' && open !== undefined)
    announced[announced.length - 1] = {
      ...open,
      untilMs: made_ms,
      pagedMs: open.pagedMs ?? pagedMs,
    }
  else if (made.announced !== 'no')
    announced.push({
      fromMs: made_ms,
      untilMs: made_ms,
      pagedMs,
      latestMs: to_line.high_s === null ? null : made_ms + to_line.high_s * 1000,
    })
}

/** How announcements and crossings fit together. */
export interface Verdict {
  readonly right: number
  readonly wrong: number
  readonly wrongPages: number
  /** Minutes from the first announcement to each crossing; 0 = not announced. */
  readonly leads: readonly { readonly crossing: Crossing; readonly minutes: number }[]
}

/** Late by up to half an hour is still right: what it warned of came. */
const GRACE_MS = 1_800_000
/** What "within a day" is held to: the six hours that an announcement is about. */
const HORIZON_MS = 21_600_000

/**
 * The crossing that makes an announcement right: the first after it, no later than half an hour after the end of its
 * 80 % interval, six hours at most. Undefined = nothing came.
 */
export function crossingOf(
  crossings: readonly Crossing[],
  { fromMs, latestMs }: Announced,
): Crossing | undefined {
  const latest = Math.min(latestMs ?? Number.POSITIVE_INFINITY, fromMs + HORIZON_MS) + GRACE_MS
  return crossings.find(({ atMs }) => atMs >= fromMs && atMs <= latest)
}

/** Holds announcements to crossings. A crossing's lead counts from the earliest announcement that it makes right. */
export function judge({ announced, crossings }: Replay): Verdict {
  const hits = announced.map((one) => crossingOf(crossings, one))
  const leads = crossings.map((crossing) => {
    const first = announced[hits.indexOf(crossing)]
    const minutes = first === undefined ? 0 : (crossing.atMs - first.fromMs) / 60_000
    return { crossing, minutes }
  })
  const wrong = announced.filter((_, at) => hits[at] === undefined)
  return {
    right: announced.length - wrong.length,
    wrong: wrong.length,
    wrongPages: wrong.filter(({ pagedMs }) => pagedMs !== null).length,
    leads,
  }
}
