import { WEEKDAYS } from '#schemas/alerts/roster-config.ts'
import type { ReportsConfig } from '#schemas/report/delivery-config.ts'
import type { Calendar, Period } from '../calendar.ts'

/** When reports are due. Pure; times are epoch ms, the schedule goes by the clock of the site. */

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

export type Schedule = Pick<ReportsConfig, 'schedule' | 'wait_hours' | 'monthly'>

/** A period and when it is to be sent. */
export interface Due {
  readonly period: Period
  readonly dueMs: number
}

/** When a period is to be sent: its day and time, but never before late data had its time. */
export function dueMs(period: Period, { schedule, wait_hours }: Schedule, calendar: Calendar) {
  const days = period.kind === 'week' ? WEEKDAYS.indexOf(schedule.day) : 0
  const first = Date.parse(calendar.local(period.toMs).date)
  const date = new Date(first + days * DAY_MS).toISOString().slice(0, 10)
  const atMs = clockMs(calendar, date, schedule.at)
  return Math.max(atMs, period.toMs + wait_hours * HOUR_MS)
}

/** The moment at which clocks of the site show `at` on a day; where they skip it, as much later. */
function clockMs(calendar: Calendar, date: string, at: string): number {
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  const guess = calendar.period(`${date}..${date}`).fromMs + (hours * 60 + minutes) * MINUTE_MS
  // Where clocks changed since midnight the guess shows another hour.
  const shown = calendar.local(guess)
  const offMs = Date.parse(date) + hours * HOUR_MS - Date.parse(shown.date) - shown.hour * HOUR_MS
  return guess + offMs
}

/** The newest period of each kind that should have been sent by `nowMs`, and when the next one is due. */
export function dueAt(
  nowMs: number,
  schedule: Schedule,
  calendar: Calendar,
): { readonly due: readonly Due[]; readonly nextMs: number } {
  const kinds = schedule.monthly ? (['week', 'month'] as const) : (['week'] as const)
  const found = kinds.map((kind) => {
    let next = calendar.holding(kind, nowMs)
    let last = calendar.before(next)
    // A schedule late in the week, or a long wait: what ended last may not be due yet.
    while (dueMs(last, schedule, calendar) > nowMs) [next, last] = [last, calendar.before(last)]
    const due = { period: last, dueMs: dueMs(last, schedule, calendar) }
    return { due, nextMs: dueMs(next, schedule, calendar) }
  })
  return {
    due: found.map(({ due }) => due),
    nextMs: Math.min(...found.map(({ nextMs }) => nextMs)),
  }
}
