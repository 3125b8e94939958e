import { PlimsollError } from '#schemas/errors.ts'
import type { ReportQuestion, ReportWindow } from '#schemas/report/facts.ts'
import type { CostBook } from '#schemas/report/issued.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { Calendar, Period } from './calendar.ts'

const MINUTE_MS = 60_000
/** Periods before that a tenant is compared with. */
const EARLIER = 4
/** Two years of months. */
const MONTHS_MAX = 24

/** What to ask for a period as far as it is settled. Throws E_REPORT_EMPTY. */
export function questionOf(
  period: Period,
  given: {
    readonly calendar: Calendar
    readonly settled: { readonly firstMs: number | null; readonly untilMs: number | null }
    readonly book: CostBook | null
  },
): {
  readonly question: ReportQuestion
  readonly versusId: string | null
  readonly state: ReportModel['state']
} {
  const { calendar, book } = given
  const { firstMs, untilMs } = given.settled
  const endMs = Math.min(period.toMs, Math.floor((untilMs ?? 0) / MINUTE_MS) * MINUTE_MS)
  if (firstMs === null || endMs <= Math.max(period.fromMs, firstMs))
    throw new PlimsollError(
      'E_REPORT_EMPTY',
      `nothing is settled of ${period.id}, ${new Date(period.fromMs).toISOString()} to ${new Date(period.toMs).toISOString()}`,
    )
  const window = { fromMs: Math.max(period.fromMs, firstMs), toMs: endMs }
  const state = endMs < period.toMs ? 'so_far' : window.fromMs > period.fromMs ? 'partial' : 'whole'
  const earlier = Array.from({ length: EARLIER }, (_, at) => calendar.before(period, at + 1))
    // One that data begin within is no measure of anything.
    .filter(({ fromMs }) => fromMs >= firstMs)
  const lengthMs = window.toMs - window.fromMs
  const compared =
    state === 'partial'
      ? []
      : earlier.map(({ id, fromMs, toMs }) => ({
          id,
          fromMs,
          toMs: state === 'so_far' ? Math.min(toMs, fromMs + lengthMs) : toMs,
        }))
  return {
    question: {
      window,
      compared,
      earlier,
      months: monthsOf(window, { calendar, book, firstMs }),
      cuts: monthStarts(window, calendar),
    },
    versusId: compared[0]?.id ?? null,
    state,
  }
}

/** Months from go-live to the end of the window, the newest of them. */
function monthsOf(
  { toMs }: ReportWindow,
  given: {
    readonly calendar: Calendar
    readonly book: CostBook | null
    readonly firstMs: number
  },
): ReportQuestion['months'] {
  const { calendar, book, firstMs } = given
  if (book?.go_live_ms == null || book.go_live_ms >= toMs) return []
  const liveMs = Math.max(book.go_live_ms, firstMs)
  const months: Period[] = []
  for (
    let month = calendar.holding('month', toMs - 1);
    month.toMs > liveMs && months.length < MONTHS_MAX;
    month = calendar.before(month)
  )
    months.unshift(month)
  return months.map(({ id, fromMs, toMs: endMs }) => ({
    id,
    fromMs: Math.max(fromMs, liveMs),
    toMs: Math.min(endMs, toMs),
  }))
}

/** Billing periods are months: cost rows do not cross them. */
function monthStarts({ fromMs, toMs }: ReportWindow, calendar: Calendar): number[] {
  const starts: number[] = []
  for (
    let month = calendar.holding('month', toMs - 1);
    month.fromMs > fromMs;
    month = calendar.before(month)
  )
    starts.unshift(month.fromMs)
  return starts
}
