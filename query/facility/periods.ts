import type { FacilityResolution } from '#schemas/api-facility.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { localDate, localDayStart, nextLocalDayStart } from '../local-day.ts'
import { DAY_MS, HOUR_MS, iso, parseTime, type TimeWindow, WINDOW_MS_MAX } from '../window.ts'

/** Width of a settled bucket of energy, epoch aligned. */
export const BUCKET_MS = 900_000
/** A bucket is settled a minute after its end; it is missed only after another. */
const SETTLE_MS = 120_000
/** Behind this much the settler stands, and what is missing is missing. */
const LATE_MS = HOUR_MS
/** Periods of one answer at most. */
export const PERIODS_MAX = 3_000

export const floorBucket = (ms: number) => Math.floor(ms / BUCKET_MS) * BUCKET_MS
export const ceilBucket = (ms: number) => Math.ceil(ms / BUCKET_MS) * BUCKET_MS

/**
 * The effective window of a question about energy: whole buckets, by default the 24 h to the newest settled one.
 * Buckets that are not due yet are never part of it. Throws E_RANGE_INVALID.
 */
export function facilityWindow(
  asked: { readonly from?: string | undefined; readonly to?: string | undefined },
  settledUntilMs: number | null,
  nowMs: number,
): TimeWindow {
  const dueMs = floorBucket(nowMs - SETTLE_MS)
  const isOnTime = settledUntilMs !== null && dueMs - settledUntilMs <= LATE_MS
  const endMs = isOnTime ? settledUntilMs : dueMs
  const toMs =
    asked.to === undefined ? endMs : Math.min(floorBucket(parseTime(asked.to)), Math.max(endMs, 0))
  const fromMs = asked.from === undefined ? toMs - DAY_MS : floorBucket(parseTime(asked.from))
  if (fromMs >= toMs)
    throw new PlimsollError(
      'E_RANGE_INVALID',
      `from ${iso(fromMs)} is not before to ${iso(toMs)}: energy is settled in whole quarters of an hour`,
    )
  if (toMs - fromMs > WINDOW_MS_MAX)
    throw new PlimsollError('E_RANGE_INVALID', 'a window is at most 400 days long')
  return { fromMs, toMs }
}

/**
 * The periods of a window in their order; the first and the last may be cut. Hours, days, ISO weeks and months are the
 * site's. Throws E_QUERY_TOO_LARGE for more than PERIODS_MAX.
 */
export function periodsOf(
  { fromMs, toMs }: TimeWindow,
  resolution: FacilityResolution,
  timeZone: string,
): readonly TimeWindow[] {
  if (resolution === 'all') return [{ fromMs, toMs }]
  const starts: number[] = []
  for (let ms = fromMs; ms < toMs; ms = nextStart(ms, resolution, timeZone)) {
    starts.push(ms)
    if (starts.length > PERIODS_MAX)
      throw new PlimsollError(
        'E_QUERY_TOO_LARGE',
        `more than ${PERIODS_MAX} periods of ${resolution}; ask for longer ones or a shorter window`,
      )
  }
  return starts.map((start, at) => ({ fromMs: start, toMs: starts[at + 1] ?? toMs }))
}

function nextStart(ms: number, resolution: Exclude<FacilityResolution, 'all'>, timeZone: string) {
  if (resolution === '15m') return ms + BUCKET_MS
  if (resolution === '1h') {
    const offset = localDayStart(ms, timeZone) % HOUR_MS
    return Math.floor((ms - offset) / HOUR_MS + 1) * HOUR_MS + offset
  }
  const isStart = STARTS[resolution]
  let day = nextLocalDayStart(ms, timeZone)
  while (!isStart(localDate(day, timeZone))) day = nextLocalDayStart(day, timeZone)
  return day
}

/** Whether a local date (`2026-03-29`) begins a period. */
const STARTS: Readonly<Record<'1d' | '1w' | '1mo', (date: string) => boolean>> = {
  '1d': () => true,
  // ISO weeks begin on Monday; 1970-01-05 was one.
  '1w': (date) => (Date.parse(`${date}T00:00:00Z`) / DAY_MS) % 7 === 4,
  '1mo': (date) => date.endsWith('-01'),
}

/** The same local time one year later; the 29th of February becomes the 1st of March. */
export function yearLater(ms: number, timeZone: string): number {
  const [year = 0, month = 1, day = 1] = localDate(ms, timeZone).split('-').map(Number)
  const noon = Date.UTC(year + 1, month - 1, day, 12)
  const wanted = new Date(noon).toISOString().slice(0, 10)
  const near = [noon - DAY_MS, noon, noon + DAY_MS].find(
    (guess) => localDate(guess, timeZone) === wanted,
  )
  return localDayStart(near ?? noon, timeZone) + (ms - localDayStart(ms, timeZone))
}

/** The same local time one year earlier: twelve months before the end of a period. */
export function yearEarlier(ms: number, timeZone: string): number {
  // From noon, because clocks may change on the way.
  const noon = localDayStart(ms, timeZone) + DAY_MS / 2
  const guesses = [365, 366].map((days) => noon - days * DAY_MS)
  const [wanted] = localDate(ms, timeZone).split('-').map(Number)
  const start = guesses
    .map((guess) => localDayStart(guess, timeZone))
    .find((day) => localDate(yearLater(day, timeZone), timeZone) === localDate(ms, timeZone))
  const day = start ?? localDayStart(Date.UTC((wanted ?? 1970) - 1, 1, 28, 12), timeZone)
  return day + (ms - localDayStart(ms, timeZone))
}

/** Twelve months, to the day: only such a figure may be called PUE. */
export function isTwelveMonths({ fromMs, toMs }: TimeWindow, timeZone: string): boolean {
  const beyond = toMs - yearLater(fromMs, timeZone)
  return beyond >= 0 && beyond < DAY_MS
}

/** Bounds of a window as statements take them. */
export const rangeOf = ({ fromMs, toMs }: TimeWindow) => ({
  from_s: fromMs / 1000,
  to_s: toMs / 1000,
})

/** Begins of periods as statements take them. */
export const secondsOf = (periods: readonly TimeWindow[]) =>
  periods.map(({ fromMs }) => fromMs / 1000)
