import { IDLE_WINDOW_MINUTES_MAX } from '#schemas/ledger.ts'
import type { Calendar, Period } from '../calendar.ts'
import { type DeliveryBook, deliveryKey, type DeliveryState, newestOf } from './book.ts'
import type { Recipient } from './recipients.ts'
import { dueAt, type Due, type Schedule } from './schedule.ts'

/** What is to be done about reports at a moment. Pure. */

const MINUTE_MS = 60_000
/** Revisions of a period that ended longer ago are sent only where somebody asks. */
const REVISED_MS = 35 * 86_400_000
/** Older periods that are named as missed. */
const MISSED_MAX = 8

/** How far figures stand, epoch ms; null = nothing is settled. */
export interface Settled {
  readonly firstMs: number | null
  readonly untilMs: number | null
}

export interface Situation {
  readonly nowMs: number
  readonly schedule: Schedule & { readonly send_revisions: boolean }
  readonly calendar: Calendar
  readonly recipients: readonly Recipient[]
  readonly book: DeliveryBook
  readonly settled: Settled
}

export type Step =
  /** Freeze it, so that there is something to send. */
  | { readonly kind: 'issue'; readonly week: string }
  | {
      readonly kind: 'send'
      readonly week: string
      readonly revision: number
      readonly recipient: Recipient
      /** From 1. */
      readonly attempt: number
      /** Sent though it was accepted before: the entry that asks for it; null = not. */
      readonly again: number | null
    }
  /** It is tried no more. */
  | { readonly kind: 'end'; readonly state: DeliveryState; readonly why: string }

/** A period that should have reached everybody by now. */
export interface DueReport extends Due {
  /** Newest revision; null = not issued. */
  readonly revision: number | null
  /** Recipients that have no revision of it. */
  readonly missing: readonly string[]
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly due: readonly DueReport[]
  /** Older periods since reports were first sent that reached nobody: they are not sent by themselves. */
  readonly missed: readonly string[]
  /** When the next period is due, epoch ms. */
  readonly nextDueMs: number
  /** When to look again though nothing happened, epoch ms. */
  readonly nextMs: number
}

/** What is due, in the order of doing. A period is sent once to each; what was missed while nothing ran is the newest one. */
export function planOf(situation: Situation): Plan {
  const { nowMs, schedule, calendar, recipients, book, settled } = situation
  const { due: all, nextMs } = dueAt(nowMs, schedule, calendar)
  const due =
    recipients.length === 0
      ? []
      : all.filter(({ period }) => book.issued.has(period.id) || hasData(period, settled))
  const draft: Draft = { steps: new Map(), open: new Set(), waits: [nextMs] }
  for (const { period } of due) {
    const newest = newestOf(book, period.id)
    if (newest === null) {
      if (stands(period.toMs, settled))
        draft.steps.set(period.id, { kind: 'issue', week: period.id })
      continue
    }
    for (const recipient of recipients)
      if (acceptedRevision(book, period.id, recipient.id) === null)
        add(situation, { week: period.id, revision: newest.revision, recipient }, draft)
  }
  if (schedule.send_revisions) addRevised(situation, draft)
  addAsked(situation, draft)
  endOthers(situation, draft)
  return {
    steps: [...draft.steps.values()],
    due: due.map((one) => dueReport(one, situation)),
    missed: missedOf(situation, due),
    nextDueMs: nextMs,
    nextMs: Math.min(...draft.waits),
  }
}

/** A plan in the making, by `deliveryKey`. */
interface Draft {
  readonly steps: Map<string, Step>
  /** Those that are sent now or later. */
  readonly open: Set<string>
  readonly waits: number[]
}

const hasData = ({ toMs }: { readonly toMs: number }, { firstMs }: Settled) =>
  firstMs !== null && firstMs < toMs

/** Nothing of it can still turn out to be idle: only then is a report issued. */
const stands = (toMs: number, { untilMs }: Settled) =>
  untilMs !== null && untilMs >= toMs + IDLE_WINDOW_MINUTES_MAX * MINUTE_MS

/** Newest revision of a period that a recipient accepted; null = none. */
export function acceptedRevision(
  book: DeliveryBook,
  week: string,
  recipient: string,
): number | null {
  const revisions = (book.issued.get(week) ?? []).map(({ revision }) => revision)
  return (
    revisions.findLast((revision) => {
      const state = book.deliveries.get(deliveryKey({ week, revision, recipient }))
      return state !== undefined && state.acceptedMs !== null
    }) ?? null
  )
}

interface Target {
  readonly week: string
  readonly revision: number
  readonly recipient: Recipient
}

/** One attempt, where its time has come. */
function add(
  { book, nowMs }: Situation,
  { week, revision, recipient }: Target,
  { steps, open, waits }: Draft,
): void {
  const key = deliveryKey({ week, revision, recipient: recipient.id })
  const state = book.deliveries.get(key)
  if (state !== undefined && state.state !== 'waiting') return
  open.add(key)
  const next = state?.last?.next_ms ?? nowMs
  if (next > nowMs) {
    waits.push(next)
    return
  }
  const attempt = (state?.attempts ?? 0) + 1
  const isAgain = state?.asked?.again === true && state.acceptedMs !== null
  const again = isAgain ? (state.asked?.entry ?? null) : null
  steps.set(key, { kind: 'send', week, revision, recipient, attempt, again })
}

/** Newer revisions for those who have an older one. */
function addRevised(situation: Situation, draft: Draft): void {
  const { book, nowMs, recipients } = situation
  for (const [week, revisions] of book.issued) {
    const newest = revisions.at(-1)
    if (newest === undefined || newest.toMs < nowMs - REVISED_MS) continue
    for (const recipient of recipients) {
      const before = acceptedRevision(book, week, recipient.id)
      if (before !== null && before < newest.revision)
        add(situation, { week, revision: newest.revision, recipient }, draft)
    }
  }
}

/** What people asked for, whatever the schedule says. */
function addAsked(situation: Situation, draft: Draft): void {
  const byId = new Map(situation.recipients.map((one) => [one.id, one]))
  for (const state of situation.book.deliveries.values()) {
    const recipient = byId.get(state.recipient)
    if (state.state !== 'waiting' || state.asked === null || recipient === undefined) continue
    add(situation, { week: state.week, revision: state.revision, recipient }, draft)
  }
}

/** What still waits and is not to be sent any more is said to be over: nothing hangs for ever. */
function endOthers({ book, recipients }: Situation, { steps, open }: Draft): void {
  const ids = new Set(recipients.map(({ id }) => id))
  for (const [key, state] of book.deliveries) {
    if (state.state !== 'waiting' || open.has(key)) continue
    const why = ids.has(state.recipient)
      ? 'not sent: a newer report or revision took its place'
      : 'not sent: the alerting file names this recipient no more'
    steps.set(key, { kind: 'end', state, why })
  }
}

function dueReport({ period, dueMs }: Due, { book, recipients }: Situation): DueReport {
  const missing = recipients
    .map(({ id }) => id)
    .filter((id) => acceptedRevision(book, period.id, id) === null)
  return { period, dueMs, revision: newestOf(book, period.id)?.revision ?? null, missing }
}

/** Periods between the first that was ever sent and the due one that reached nobody. */
function missedOf({ calendar, book }: Situation, due: readonly Due[]): string[] {
  const reached = new Set<string>()
  const triedMs = { week: Infinity, month: Infinity, range: Infinity }
  for (const { week, acceptedMs } of book.deliveries.values()) {
    if (acceptedMs !== null) reached.add(week)
    const kind = kindOf(week)
    triedMs[kind] = Math.min(triedMs[kind], newestOf(book, week)?.fromMs ?? Infinity)
  }
  return due.flatMap(({ period }) => {
    const missed: string[] = []
    for (let back = 1; back <= MISSED_MAX; back += 1) {
      const earlier = calendar.before(period, back)
      if (earlier.fromMs < triedMs[period.kind]) break
      if (!reached.has(earlier.id)) missed.push(earlier.id)
    }
    return missed
  })
}

const kindOf = (id: string): Period['kind'] =>
  id.includes('W') ? 'week' : id.includes('..') ? 'range' : 'month'
