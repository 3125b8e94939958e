import type { AlertsConfig } from '#schemas/alerts/config.ts'
import {
  DELIVERIES_MAX,
  type ReportDeliveries,
  type ReportDeliveryItem,
  type ReportSendAnswer,
} from '#schemas/api-reports.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Reports, ReportSends } from '#schemas/report/service.ts'
import type { Clock } from '#schemas/role.ts'
import type { Calendar } from '../calendar.ts'
import {
  type DeliveryBook,
  deliveryKey,
  type DeliveryState,
  type FollowedBook,
  newestOf,
} from './book.ts'
import { planOf, type Settled } from './plan.ts'
import { recipientsOf } from './recipients.ts'
import { dueAt } from './schedule.ts'

/** Others who write the journal meanwhile. */
const ATTEMPTS = 8

export interface SendsDeps {
  readonly journal: Pick<Journal, 'append'>
  readonly book: FollowedBook
  readonly reports: Pick<Reports, 'issue' | 'weeks'>
  readonly settled: () => Promise<Settled>
  readonly calendar: Calendar
  readonly config: () => AlertsConfig
  readonly clock: Clock
}

/** What the API says of deliveries, and its order to send. Sends nothing itself. */
export function createReportSends(deps: SendsDeps): ReportSends {
  const { calendar, clock } = deps
  return {
    nextMs() {
      const { reports } = deps.config()
      return reports.recipients.length === 0 ? null : dueAt(clock(), reports, calendar).nextMs
    },
    async deliveries() {
      const config = deps.config()
      const book = await deps.book.current()
      const recipients = recipientsOf(config)
      const nowMs = clock()
      const schedule = config.reports
      // Who only reads is not to wait for a store that is away.
      const settled = await deps.settled().catch(() => ({ firstMs: null, untilMs: null }))
      const plan = planOf({ nowMs, schedule, calendar, recipients, book, settled })
      const { day, at } = schedule.schedule
      return {
        at_ms: nowMs,
        time_zone: calendar.timeZone,
        schedule: { day, at, monthly: schedule.monthly },
        next_ms: recipients.length === 0 ? null : plan.nextDueMs,
        recipients: recipients.map(({ id, channel, language, attach }) => ({
          recipient: id,
          channel,
          language,
          attach: [...attach],
        })),
        due: plan.due.map(({ period, dueMs, revision, missing }) => ({
          week: period.id,
          due_ms: dueMs,
          revision,
          missing: [...missing],
        })),
        missed: [...plan.missed],
        deliveries: itemsOf(book),
      }
    },
    async send(week, asked, who) {
      const recipients = chosen(deps.config(), asked.recipients)
      const id = calendar.period(week === 'latest' ? deps.reports.weeks().latest : week).id
      let book = await deps.book.current()
      if (asked.revision === undefined && newestOf(book, id) === null) {
        await deps.reports.issue(id, who)
        book = await deps.book.current()
      }
      const revision = asked.revision ?? newestOf(book, id)?.revision ?? 1
      if (!(book.issued.get(id) ?? []).some((one) => one.revision === revision))
        throw new PlimsollError('E_REPORT_UNKNOWN', `report ${id} has no revision ${revision}`)
      const { again } = asked
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const results = recipients.map((recipient) => {
          const state = book.deliveries.get(deliveryKey({ week: id, revision, recipient }))
          const acceptedMs = state?.acceptedMs ?? null
          const hasIt = state?.state === 'accepted' && !again
          return {
            recipient,
            result: hasIt ? 'has_it' : 'queued',
            accepted_ms: acceptedMs,
          } as const
        })
        const answer: ReportSendAnswer = { week: id, revision, results }
        const ordered = results.flatMap(({ recipient, result }) => {
          const state = book.deliveries.get(deliveryKey({ week: id, revision, recipient }))
          const isOrdered =
            state?.state === 'waiting' && state.asked !== null && state.last === null
          return result === 'queued' && !isOrdered ? recipient : []
        })
        if (ordered.length === 0) return answer
        const send = { week: id, revision, recipients: ordered, again }
        try {
          // Pressed twice at once it is one order: the second finds the journal changed and looks again.
          const change = { at_ms: clock(), who, body: { kind: 'report_sends', send } } as const
          await deps.journal.append(change, { expectedLast: book.last })
          return answer
        } catch (error) {
          if (!(error instanceof PlimsollError) || error.code !== 'E_JOURNAL_CHANGED') throw error
        }
        book = await deps.book.current()
      }
      throw new PlimsollError('E_JOURNAL_CHANGED', 'the journal is written too often to send now')
    },
  }
}

/** The recipients that are meant; those of the file, and nobody else. */
function chosen(config: AlertsConfig, asked: readonly string[] | undefined): readonly string[] {
  const known = recipientsOf(config).map(({ id }) => id)
  if (known.length === 0)
    throw new PlimsollError(
      'E_REPORT_NOBODY',
      'nobody gets reports: enter recipients in the section reports of the alerting file',
    )
  const wanted = [...new Set(asked ?? known)]
  const unknown = wanted.find((id) => !known.includes(id))
  if (unknown === undefined) return wanted
  throw new PlimsollError('E_REPORT_RECIPIENT', `${unknown} is not among the recipients of reports`)
}

const newestFirst = (a: DeliveryState, b: DeliveryState) => momentOf(b) - momentOf(a)
const momentOf = ({ last, asked }: DeliveryState) => Math.max(last?.at_ms ?? 0, asked?.at_ms ?? 0)

function itemsOf(book: DeliveryBook): ReportDeliveries['deliveries'] {
  return [...book.deliveries.values()]
    .toSorted(newestFirst)
    .slice(0, DELIVERIES_MAX)
    .map(
      ({
        week,
        revision,
        recipient,
        state,
        attempts,
        last,
        acceptedMs,
        asked,
      }): ReportDeliveryItem => ({
        week,
        revision,
        recipient,
        state,
        attempts,
        at_ms: last?.at_ms ?? null,
        accepted_ms: acceptedMs,
        next_ms: last?.next_ms ?? null,
        detail: last?.detail ?? '',
        asked_by: asked?.who ?? null,
      }),
    )
}
