import { PlimsollError } from '#schemas/errors.ts'
import { type Plan, planQuestion, type Published, type PublishedMinutes } from './resolution.ts'
import {
  DAY_MS,
  floorMinute,
  HOUR_MS,
  iso,
  MINUTE_MS,
  parseTime,
  type TimeWindow,
} from './window.ts'

/** Longest window that is explained: a month beside a month. */
export const EXPLAIN_WINDOW_MS_MAX = 35 * DAY_MS
/** Up to this long both windows are read by minutes, which know what stands still; longer ones by whole hours. */
const MINUTES_WINDOW_MS_MAX = HOUR_MS

/** The windows as texts from outside. */
export interface AskedWindows {
  readonly a_from?: string | undefined
  readonly a_to?: string | undefined
  readonly b_from?: string | undefined
  readonly b_to?: string | undefined
  /** Instead of the four: this moment, and the window before and after it (`30m`, `1h`, `7d`). */
  readonly at?: string | undefined
  readonly window?: string | undefined
}

export interface Windows {
  readonly a: TimeWindow
  readonly b: TimeWindow
}

const refusal = (message: string) => new PlimsollError('E_RANGE_INVALID', message)

/** The windows as asked for, whole minutes. */
export function askedWindows(question: AskedWindows): Windows {
  const { a_from, a_to, b_from, b_to, at, window } = question
  const given = [a_from, a_to, b_from, b_to]
  if (at !== undefined && window !== undefined && given.every((text) => text === undefined)) {
    const atMs = floorMinute(parseTime(at))
    const lengthMs = parseLength(window)
    return {
      a: { fromMs: atMs - lengthMs, toMs: atMs },
      b: { fromMs: atMs, toMs: atMs + lengthMs },
    }
  }
  if (at !== undefined || window !== undefined || given.includes(undefined))
    throw refusal('give a_from, a_to, b_from and b_to, or else at and window, and not both')
  const ms = (text: string | undefined) => floorMinute(parseTime(text ?? ''))
  return {
    a: { fromMs: ms(a_from), toMs: ms(a_to) },
    b: { fromMs: ms(b_from), toMs: ms(b_to) },
  }
}

const LENGTH_UNITS = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const

/** `30m`, `1h`, `7d`. Throws E_RANGE_INVALID. */
function parseLength(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(count) * LENGTH_UNITS[unit]
  throw refusal(`${JSON.stringify(text.slice(0, 60))} is no length: write 30m, 1h or 7d`)
}

/** Cut at what is settled, because only settled figures are explained. */
export function settledWindows({ a, b }: Windows, { settledUntilMs }: PublishedMinutes): Windows {
  if (settledUntilMs === null)
    throw refusal('nothing is settled yet, and only settled figures are explained')
  const cut = (name: string, { fromMs, toMs }: TimeWindow): TimeWindow => {
    if (fromMs >= toMs)
      throw refusal(`window ${name}: from ${iso(fromMs)} is not before to ${iso(toMs)}`)
    if (toMs - fromMs > EXPLAIN_WINDOW_MS_MAX)
      throw refusal(`window ${name}: at most ${EXPLAIN_WINDOW_MS_MAX / DAY_MS} days are explained`)
    if (fromMs >= settledUntilMs)
      throw refusal(`window ${name} is newer than what is settled (${iso(settledUntilMs)})`)
    return { fromMs, toMs: Math.min(toMs, settledUntilMs) }
  }
  const windows = { a: cut('a', a), b: cut('b', b) }
  if (a.fromMs < b.toMs && b.fromMs < a.toMs)
    throw refusal('the windows overlap: time of both would be compared with itself')
  return windows
}

export interface ExplainPlans {
  readonly a: Plan
  readonly b: Plan
  /** Both are read by minutes alone. */
  readonly byMinutes: boolean
}

/** What to read of both windows: alike, so that what is told of quiet minutes holds on both sides. */
export function plansOf({ a, b }: Windows, published: Published, timeZone: string): ExplainPlans {
  const isShort = [a, b].every(({ fromMs, toMs }) => toMs - fromMs <= MINUTES_WINDOW_MS_MAX)
  const planOf = (window: TimeWindow): Plan => {
    // Jobs of nodes: what only the tables of devices know.
    const asked = { ...window, fields: ['node', 'job'], stepMs: null } as const
    const plan = planQuestion(asked, published, timeZone)
    return isShort ? plan : withHours(plan, published)
  }
  const plans = { a: planOf(a), b: planOf(b) }
  const isMinutes = (plan: Plan) => plan.segments.every(({ table }) => table === 'ledger_1m')
  return { ...plans, byMinutes: isMinutes(plans.a) && isMinutes(plans.b) }
}

/** The same with whole hours from the table of hours, where the plan reads minutes throughout and all are published. */
function withHours(plan: Plan, { hours }: Published): Plan {
  const [only, ...others] = plan.segments
  if (only === undefined || others.length > 0 || only.table !== 'ledger_1m') return plan
  const fromMs = Math.ceil(only.fromMs / HOUR_MS) * HOUR_MS
  const toMs = Math.floor(only.toMs / HOUR_MS) * HOUR_MS
  const count = Math.max(0, (toMs - fromMs) / HOUR_MS)
  const isPublished = Array.from({ length: count }, (_, at) => fromMs + at * HOUR_MS).every(
    (hour) => hours.has(hour),
  )
  if (count === 0 || !isPublished) return plan
  const edges = [
    { ...only, toMs: fromMs },
    { ...only, fromMs: toMs },
  ].filter((edge) => edge.fromMs < edge.toMs)
  const segments = [...edges, { table: 'ledger_1h', fromMs, toMs } as const]
  return { ...plan, segments, resolution: '1h' }
}
