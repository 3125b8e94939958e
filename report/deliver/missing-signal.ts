import type { AlertFacts } from '#schemas/alerts/ports.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import type { Clock } from '#schemas/role.ts'
import type { Calendar } from '../calendar.ts'
import { deliveryKey, type FollowedBook } from './book.ts'
import { type DueReport, planOf, type Settled } from './plan.ts'
import { recipientsOf } from './recipients.ts'

const SIGNAL = 'report_missing'
const HOUR_MS = 3_600_000
/** Recipients that a message names. */
const NAMED = 3

export interface MissingDeps {
  readonly book: FollowedBook
  readonly settled: () => Promise<Settled>
  readonly calendar: Calendar
  readonly config: () => AlertsConfig
  /** False = figures are still being made, and nothing is sent meanwhile. */
  readonly isReady: () => boolean
  readonly clock: Clock
}

/**
 * The facts of alerting with the signal `report_missing` among them: hours since the time of the oldest report that is due and
 * has not reached everybody; 0 = everybody has what is due, or nobody is to get reports.
 */
export function withMissingReports(facts: AlertFacts, deps: MissingDeps): AlertFacts {
  return {
    ...facts,
    signal: (name) => (name === SIGNAL ? missingReports(deps) : facts.signal(name)),
  }
}

async function missingReports(deps: MissingDeps): Promise<SignalAnswer> {
  const nowMs = deps.clock()
  const { reports, ...config } = deps.config()
  const recipients = recipientsOf({ ...config, reports })
  const told = (rows: SignalAnswer['rows']): SignalAnswer => ({
    atMs: nowMs,
    rows,
    covered: { '': 1 },
  })
  if (recipients.length === 0 || !deps.isReady()) return told([{ labels: {}, value: 0 }])
  const book = await deps.book.current()
  const { calendar } = deps
  const settled = await deps.settled()
  const { due } = planOf({ nowMs, schedule: reports, calendar, recipients, book, settled })
  const late = due.filter(({ missing }) => missing.length > 0)
  const worst = late.toSorted((a, b) => a.dueMs - b.dueMs)[0]
  if (worst === undefined) return told([{ labels: {}, value: 0 }])
  const reason = (id: string) => {
    const { revision, period } = worst
    if (revision === null) return null
    const key = deliveryKey({ week: period.id, revision, recipient: id })
    return book.deliveries.get(key)?.last?.detail ?? null
  }
  const value = (nowMs - worst.dueMs) / HOUR_MS
  return told([{ labels: {}, value, ...wordsOf(worst, recipients.length, reason) }])
}

function wordsOf(
  { period, revision, missing }: DueReport,
  recipients: number,
  reason: (id: string) => string | null,
) {
  const names = missing.slice(0, NAMED)
  const rest = missing.length - names.length
  const reasons = [...new Set(names.flatMap((id) => reason(id) ?? []))].join('; ').slice(0, 300)
  const isIssued = revision !== null
  return {
    what: {
      en: `Report ${period.id} has not reached ${missing.length} of ${recipients} recipients`,
      zh: `报告 ${period.id} 尚未送达 ${recipients} 位收件方中的 ${missing.length} 位`,
    },
    why: {
      en: isIssued
        ? `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}${reasons === '' ? '' : `: ${reasons}`}`
        : 'it is not issued: its figures are not settled yet, or it cannot be put together',
      zh: isIssued
        ? `${names.join('、')}${rest > 0 ? ` 等，另有 ${rest} 位` : ''}${reasons === '' ? '' : `：${reasons}`}`
        : '尚未发布：数字尚未结算，或无法生成',
    },
  }
}
