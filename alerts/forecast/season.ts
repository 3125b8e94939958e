import { median } from './robust.ts'
import { SLICE_MS, SLICES_PER_HOUR, SLICES_PER_WEEK } from './series.ts'

const HOUR_MS = SLICES_PER_HOUR * SLICE_MS
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = SLICES_PER_WEEK * SLICE_MS
/** 1970-01-01 was a Thursday: days from the Sunday before it. */
const EPOCH_WEEKDAY = 4

/** When days begin, and which of them are like Sundays. */
export interface Calendar {
  /** Local time less UTC, ms. Sites without daylight saving have one; others pass that of the moment. */
  readonly utcOffsetMs: number
  /** Local dates `2026-02-17`. */
  readonly holidays: ReadonlySet<string>
}

/** The calendar of a site, with the offset of one moment. */
export const calendarAt = (
  atMs: number,
  site: { readonly timeZone: string; readonly holidays: ReadonlySet<string> },
): Calendar => ({ utcOffsetMs: utcOffsetMs(site.timeZone, atMs), holidays: site.holidays })

function utcOffsetMs(timeZone: string, atMs: number): number {
  const name = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(atMs)
    .find(({ type }) => type === 'timeZoneName')?.value
  const found = /([+-])(\d\d):(\d\d)/.exec(name ?? '')
  if (found === null) return 0
  const minutes = Number(found[2]) * 60 + Number(found[3])
  return (found[1] === '-' ? -minutes : minutes) * 60_000
}

/** Level that a time usually has; null where nothing was learned. */
export type Baseline = (atMs: number) => number | null

/** Medians of whole hours, by index of the hour since the epoch. */
export type Hours = ReadonlyMap<number, number>

/** Half of its slices make an hour worth learning. */
const SLICES_MIN = SLICES_PER_HOUR / 2

/** Hourly medians of what may be learned from; hours known by less than half are left out. */
export function hoursOf(fromMs: number, values: readonly (number | null)[]): Hours {
  const byHour = new Map<number, number[]>()
  for (const [at, value] of values.entries()) {
    if (value === null) continue
    const hour = Math.floor((fromMs + at * SLICE_MS) / HOUR_MS)
    const slices = byHour.get(hour)
    if (slices === undefined) byHour.set(hour, [value])
    else slices.push(value)
  }
  return new Map(
    [...byHour]
      .filter(([, slices]) => slices.length >= SLICES_MIN)
      .map(([hour, slices]) => [hour, median(slices)]),
  )
}

/**
 * The median of the same hour of the week over the weeks before `untilMs`, at most eight; between the middles of hours
 * a straight line. A holiday is looked up among Sundays and teaches nothing about its own weekday.
 */
export function seasonOf(hours: Hours, untilMs: number, calendar: Calendar): Baseline {
  const known = new Map<number, number | null>()
  const levelOf = (hour: number): number | null => {
    const found = known.get(hour)
    if (found !== undefined) return found
    const level = hourLevel(hours, hour, untilMs, calendar)
    known.set(hour, level)
    return level
  }
  return (atMs) => {
    const place = atMs / HOUR_MS - 0.5
    const hour = Math.floor(place)
    const [low, high] = [levelOf(hour), levelOf(hour + 1)]
    if (low === null || high === null) return low ?? high
    return low + (high - low) * (place - hour)
  }
}

const WEEKS_MAX = 8

function hourLevel(hours: Hours, hour: number, untilMs: number, calendar: Calendar) {
  const isHoliday = calendar.holidays.has(localDate(hour, calendar))
  const asked = isHoliday ? hour - sinceSunday(hour, calendar) * 24 : hour
  const weeks = WEEK_MS / HOUR_MS
  // The newest week whose hour lies wholly before the end of what is known.
  const behind = Math.max(0, Math.ceil((asked + 1 - untilMs / HOUR_MS) / weeks))
  const levels: number[] = []
  for (let week = behind; week < behind + WEEKS_MAX; week += 1) {
    const past = asked - week * weeks
    const level = hours.get(past)
    if (level !== undefined && !calendar.holidays.has(localDate(past, calendar))) levels.push(level)
  }
  return levels.length === 0 ? null : median(levels)
}

const localMs = (hour: number, { utcOffsetMs }: Calendar) => hour * HOUR_MS + utcOffsetMs
const localDate = (hour: number, calendar: Calendar) =>
  calendar.holidays.size === 0 ? '' : new Date(localMs(hour, calendar)).toISOString().slice(0, 10)
const sinceSunday = (hour: number, calendar: Calendar) =>
  (Math.floor(localMs(hour, calendar) / DAY_MS) + EPOCH_WEEKDAY) % 7
