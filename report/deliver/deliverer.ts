import type { AlertsConfig } from '#schemas/alerts/config.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal } from '#schemas/journal.ts'
import type { ReportDelivery } from '#schemas/report/issued.ts'
import type { PostOutcome, PostPlace, ReportPost } from '#schemas/report/post.ts'
import type { Reports, WrittenReport } from '#schemas/report/service.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Calendar } from '../calendar.ts'
import { resultOf } from './attempts.ts'
import type { FollowedBook } from './book.ts'
import { cardOf, mailOf } from './message.ts'
import { type Plan, planOf, type Settled, type Step } from './plan.ts'
import { recipientsOf } from './recipients.ts'

/** Name in the journal of what the schedule does. */
export const WHO = 'reports'
const AT_ONCE_MAX = 4
/** Before a report that could not be issued is tried again. */
const ISSUE_AGAIN_MS = 300_000

export interface DelivererDeps {
  readonly journal: Pick<Journal, 'append'>
  readonly book: FollowedBook
  readonly reports: Pick<Reports, 'issue' | 'model' | 'write'>
  readonly settled: () => Promise<Settled>
  readonly calendar: Calendar
  /** The alerting file as it stands; asked anew each time. */
  readonly config: () => AlertsConfig
  readonly post: ReportPost
  readonly clock: Clock
  readonly logger: Logger
}

/** Does what the plan says, once, when asked. */
export interface Deliverer {
  /** Resolves with the plan that was left when nothing more could be done now. Rejects as journal and reports do. */
  look(): Promise<Plan>
  /** Begins no further attempt; those under way are written down. */
  halt(): void
}

type Send = Extract<Step, { kind: 'send' }>
/** One that its channel has room for. */
type Placed = Send & { readonly place: PostPlace }

/**
 * Issues and sends. What it knows it reads from the journal before each round; each result is written down when it comes, and all
 * of a round before the next: a process that dies between an acceptance and its entry repeats that one message under the
 * same id.
 */
export function createDeliverer(deps: DelivererDeps): Deliverer {
  const { clock, logger, config, reports } = deps
  const issueAfterMs = new Map<string, number>()
  let unwritten: ReportDelivery[] = []
  let writing: Promise<void> = Promise.resolve()
  let isHalted = false

  const plan = async (): Promise<Plan> => {
    const book = await deps.book.current()
    const given = config()
    const situation = {
      nowMs: clock(),
      schedule: given.reports,
      calendar: deps.calendar,
      recipients: recipientsOf(given),
      book,
    }
    const known = planOf({ ...situation, settled: { firstMs: null, untilMs: null } })
    // How far figures stand is asked of the store only while something waits to be issued.
    const isIssued =
      known.due.length === dueKinds(given) && known.due.every(({ revision }) => revision !== null)
    if (situation.recipients.length === 0 || isIssued) return known
    return planOf({ ...situation, settled: await deps.settled() })
  }

  /** One entry after the other: a result is in one of them. Rejects as the journal does; what was not written waits. */
  const write = (): Promise<void> => {
    const done = writing.then(append)
    writing = done.catch(() => undefined)
    return done
  }

  const append = async () => {
    if (unwritten.length === 0) return
    const results = [...unwritten]
    await deps.journal.append({
      at_ms: clock(),
      who: WHO,
      body: { kind: 'report_deliveries', results },
    })
    unwritten = unwritten.slice(results.length)
  }

  const issue = async (week: string) => {
    const nowMs = clock()
    if (nowMs < (issueAfterMs.get(week) ?? 0)) return false
    try {
      const { model, isNew } = await reports.issue(week, WHO)
      if (isNew) logger.info('a report was issued', { week, revision: model.revision })
      issueAfterMs.delete(week)
      return true
    } catch (error) {
      issueAfterMs.set(week, nowMs + ISSUE_AGAIN_MS)
      const why = error instanceof PlimsollError ? `${error.code} ${error.message}` : String(error)
      logger.warn('a report that is due cannot be issued; trying again', { week, why })
      return false
    }
  }

  /** What has no room waits for another look: a few seconds later there is some. */
  const placed = (steps: readonly Step[]): Placed[] => {
    const found: Placed[] = []
    for (const step of steps) {
      if (step.kind !== 'send' || found.length >= AT_ONCE_MAX) continue
      const place = deps.post.place(step.recipient.channel)
      if (place !== null) found.push({ ...step, place })
    }
    return found
  }

  const send = async (step: Placed, press: Pick<Press, 'model' | 'write'>): Promise<void> => {
    const { week, revision, recipient, attempt } = step
    const tried = { week, revision, recipient: recipient.id, attempt }
    const outcome = await offer(deps, press, step)
    step.place.end()
    const result = resultOf(tried, outcome, clock())
    unwritten.push(result)
    tell(logger, result)
    // At once: another receiver may be silent for a minute, and a process that dies meanwhile would send this one again.
    await write()
  }

  return {
    halt() {
      isHalted = true
    },
    async look() {
      const press = createPress(reports)
      for (;;) {
        await write()
        const now = await plan()
        const ends = now.steps.filter((step) => step.kind === 'end')
        if (isHalted) return now
        let hasIssued = false
        for (const step of now.steps)
          if (step.kind === 'issue') hasIssued = (await issue(step.week)) || hasIssued
        for (const { state, why } of ends) {
          const { week, revision, recipient, attempts } = state
          const tried = { week, revision, recipient, attempt: Math.max(1, attempts) }
          unwritten.push(resultOf(tried, { kind: 'final', detail: why }, clock()))
        }
        // All of them to their end, though the journal be away: no attempt of this round outlasts it.
        const sends = placed(now.steps)
        const sent = await Promise.allSettled(sends.map((step) => send(step, press)))
        const failed = sent.find(({ status }) => status === 'rejected')
        if (failed?.status === 'rejected') throw failed.reason
        if (sends.length + ends.length === 0 && !hasIssued) return now
      }
    },
  }
}

const dueKinds = ({ reports }: AlertsConfig) => (reports.monthly ? 2 : 1)

type Press = DelivererDeps['reports']

/** Reports and files of one round, each made once however many get it. */
function createPress(reports: Press): Pick<Press, 'model' | 'write'> {
  const models = new Map<string, ReturnType<Press['model']>>()
  const files = new Map<string, ReturnType<Press['write']>>()
  return {
    model(week, revision) {
      const key = `${week} ${revision}`
      const model = models.get(key) ?? reports.model(week, revision)
      models.set(key, model)
      return model
    },
    write(question, how) {
      const key = `${question.week} ${question.revision} ${how.format} ${how.language}`
      const file = files.get(key) ?? reports.write(question, how)
      files.set(key, file)
      return file
    },
  }
}

/** One attempt. Never rejects: what we cannot make is tried again, too. */
async function offer(
  deps: DelivererDeps,
  press: Pick<Press, 'model' | 'write'>,
  step: Send,
): Promise<PostOutcome> {
  const { post, config } = deps
  const { week, revision, recipient, again } = step
  try {
    const model = await press.model(week, revision)
    const publicUrl = (config().public_url ?? '').replace(/\/+$/, '')
    const sending = { model, recipient, again, publicUrl }
    if (recipient.mail === null) return await post.card(cardOf(sending), recipient.channel)
    const { language } = recipient
    const written = (format: 'html' | (typeof recipient.attach)[number]): Promise<WrittenReport> =>
      press.write({ week, revision }, { format, language })
    const files: WrittenReport[] = []
    for (const format of recipient.attach) files.push(await written(format))
    return await post.mail(mailOf(sending, await written('html'), files), recipient.channel)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'retry', detail: why, waitMs: null }
  }
}

function tell(
  logger: Logger,
  { week, revision, recipient, outcome, detail: why }: ReportDelivery,
): void {
  if (outcome === 'accepted') logger.info('a report was sent', { week, revision, recipient })
  else if (outcome === 'failed')
    logger.warn('a report was not accepted; it is sent again', { week, revision, recipient, why })
  else
    logger.error(
      'a report could not be delivered; send it again when its recipient can be reached',
      {
        week,
        revision,
        recipient,
        why,
      },
    )
}
