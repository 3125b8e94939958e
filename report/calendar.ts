import { PlimsollError } from '#schemas/errors.ts'

/**
 * Periods of reports in the site's zone: ISO weeks (Monday 00:00 to Monday 00:00), months, and ranges of local days. In
 * a zone whose clocks change a week has 167 or 169 hours.
 */

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** A window of the API is at most 400 days. */
const RANGE_DAYS_MAX = 400

export type PeriodKind = 'week' | 'month' | 'range'

/** Half-open [fromMs, toMs), epoch ms. */
export interface Period {
  readonly id: string
  readonly kind: PeriodKind
  readonly fromMs: number
  readonly toMs: number
}

/** Day of the proleptic Gregorian calendar as days since 1970-01-01, without any zone. */
type DayNumber = number

const dayOf = (year: number, month: number, day: number): DayNumber =>
  Date.UTC(year, month - 1, day) / DAY_MS
/** 0 = Monday. */
const weekday = (day: DayNumber) => (((day + 3) % 7) + 7) % 7
const dateText = (day: DayNumber) => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** ISO year and week of a calendar day: the year of its Thursday, and which Thursday of it. */
export function isoWeekOf(day: DayNumber): { readonly year: number; readonly week: number } {
  const thursday = day - weekday(day) + 3
  const year = new Date(thursday * DAY_MS).getUTCFullYear()
  return { year, week: Math.floor((thursday - dayOf(year, 1, 1)) / 7) + 1 }
}

/** The Monday of an ISO week; null for a week that the year does not have. */
function mondayOf(year: number, week: number): DayNumber | null {
  // 4 January is always in week 1.
  const fourth = dayOf(year, 1, 4)
  const monday = fourth - weekday(fourth) + (week - 1) * 7
  const found = isoWeekOf(monday)
  return found.year === year && found.week === week ? monday : null
}

const pad = (value: number) => String(value).padStart(2, '0')
const weekId = (day: DayNumber) => {
  const { year, week } = isoWeekOf(day)
  return `${year}-W${pad(week)}`
}

/** Calendar of one site. */
export interface Calendar {
  readonly timeZone: string
  /** `2026-W47`, `2026-11`, `2026-11-03..2026-11-09`. Throws E_REPORT_PERIOD. */
  period(id: string): Period
  /** The period of the kind that holds a moment. */
  holding(kind: 'week' | 'month', atMs: number): Period
  /** The newest week that has ended at a moment. */
  lastWhole(atMs: number): Period
  /** As long a period before: the week before, the month before, as many days before. */
  before(period: Period, count?: number): Period
  /** Local date and hour of a moment. */
  local(atMs: number): { readonly date: string; readonly hour: number }
}

export function createCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  })
  const local = (atMs: number) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]))
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
    return {
      date: `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`,
      hour: Number(part('hour')),
    }
  }
  const dayAt = (atMs: number): DayNumber => Date.parse(local(atMs).date) / DAY_MS
  /** First instant of a local day: searched, because where clocks change at midnight there is no 00:00. */
  const startOf = (day: DayNumber): number => {
    const wanted = dateText(day)
    // Local time is at most 14 hours ahead of and 12 behind UTC.
    let [before, after] = [day * 1440 - 15 * 60, day * 1440 + 13 * 60]
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (local(middle * MINUTE_MS).date >= wanted) after = middle
      else before = middle
    }
    return after * MINUTE_MS
  }
  const ofDays = (id: string, kind: PeriodKind, from: DayNumber, to: DayNumber): Period => ({
    id,
    kind,
    fromMs: startOf(from),
    toMs: startOf(to),
  })
  const week = (monday: DayNumber) => ofDays(weekId(monday), 'week', monday, monday + 7)
  /** Months counted from year 0, so that December is followed by January. */
  const month = (index: number) => {
    const [year, at] = [Math.floor(index / 12), index % 12]
    return ofDays(`${year}-${pad(at + 1)}`, 'month', dayOf(year, at + 1, 1), dayOf(year, at + 2, 1))
  }
  const range = (from: DayNumber, last: DayNumber) =>
    ofDays(`${dateText(from)}..${dateText(last)}`, 'range', from, last + 1)
  const holding: Calendar['holding'] = (kind, atMs) => {
    const day = dayAt(atMs)
    if (kind === 'week') return week(day - weekday(day))
    const [year = 0, at = 1] = dateText(day).split('-').map(Number)
    return month(year * 12 + at - 1)
  }
  const before: Calendar['before'] = (period, count = 1) => {
    const [from, to] = [dayAt(period.fromMs), dayAt(period.toMs)]
    if (period.kind === 'week') return week(from - 7 * count)
    if (period.kind === 'range')
      return range(from - (to - from) * count, to - (to - from) * count - 1)
    const [year = 0, at = 1] = dateText(from).split('-').map(Number)
    return month(year * 12 + at - 1 - count)
  }
  return {
    timeZone,
    period(id) {
      const found = parsePeriod(id)
      if (found === null) throw refusal(id)
      if (found.kind === 'week') return week(found.monday)
      if (found.kind === 'month') return month(found.index)
      return range(found.from, found.last)
    },
    holding,
    lastWhole: (atMs) => before(holding('week', atMs)),
    before,
    local,
  }
}

type Parsed =
  | { readonly kind: 'week'; readonly monday: DayNumber }
  | { readonly kind: 'month'; readonly index: number }
  | { readonly kind: 'range'; readonly from: DayNumber; readonly last: DayNumber }

function parsePeriod(id: string): Parsed | null {
  const asWeek = /^(\d{4})-W(\d{2})$/.exec(id)
  if (asWeek !== null) {
    const monday = mondayOf(Number(asWeek[1]), Number(asWeek[2]))
    return monday === null || monday < EARLIEST ? null : { kind: 'week', monday }
  }
  const asMonth = /^(\d{4})-(\d{2})$/.exec(id)
  if (asMonth !== null) {
    const [year, month] = [Number(asMonth[1]), Number(asMonth[2])]
    const isMonth = month >= 1 && month <= 12 && year >= 2000
    return isMonth ? { kind: 'month', index: year * 12 + month - 1 } : null
  }
  const asRange = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(id)
  const [from, last] = [dayNumber(asRange?.[1]), dayNumber(asRange?.[2])]
  if (from === null || last === null) return null
  const isRange = from >= EARLIEST && last >= from && last - from < RANGE_DAYS_MAX
  return isRange ? { kind: 'range', from, last } : null
}

/** 2000-01-03, a Monday: before it a date is a slip of the pen, and the API refuses its time. */
const EARLIEST = dayOf(2000, 1, 3)

/** A day that exists: 2026-02-30 does not. */
function dayNumber(text: string | undefined): DayNumber | null {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) || dateText(ms / DAY_MS) !== text ? null : ms / DAY_MS
}

const refusal = (id: string) =>
  new PlimsollError(
    'E_REPORT_PERIOD',
    `${JSON.stringify(id.slice(0, 40))} is no period: write an ISO week (2026-W47, in a year that has it), a month (2026-11), days (2026-11-03..2026-11-09, at most ${RANGE_DAYS_MAX}) or latest`,
  )
