import type { JournalEntry } from '#schemas/journal.ts'
import type {
  Acknowledgement,
  Alert,
  AlertTransition,
  DeliveryResult,
  Notification,
  RosterOverride,
  Silence,
} from './alert.ts'

/** An alert and where in the journal it last had news. */
export interface KnownAlert {
  readonly alert: Alert
  /** Sequence of the entry with its last change of state, severity or suppression: what a message may not know yet. */
  readonly news: number
  /** When that was written, epoch ms. */
  readonly newsMs: number
}

/** A notification that is not delivered. */
export interface OutboxItem {
  readonly notification: Notification
  /** Its entry. */
  readonly sequence: number
  /** The last attempt; null = none yet. */
  readonly last: DeliveryResult | null
  /** `dead` = tried no more until somebody replays it. */
  readonly state: 'waiting' | 'dead'
}

/** What one channel was told of one group. */
export interface Conversation {
  readonly group: string
  readonly channel: string
  /** False after its `resolved`. */
  readonly isOpen: boolean
  /** First message of this episode. */
  readonly firstMs: number
  readonly atMs: number
  /** Entry of the last message: alerts with later news are not told. */
  readonly told: number
  readonly reason: Notification['reason']
  readonly severity: Notification['severity']
  readonly urgent: boolean
  readonly fingerprints: readonly string[]
}

/** Alerting as the journal has it: rebuilt by folding, so that a process that died is continued by any other. */
export interface AlertState {
  /** The last entry of the journal that was folded in. */
  readonly last: number
  readonly epoch: number
  /** Where reading stored events goes on; null = never read. */
  readonly cursor: string | null
  readonly alerts: ReadonlyMap<string, KnownAlert>
  readonly outbox: ReadonlyMap<string, OutboxItem>
  /** By `conversationKey`. */
  readonly conversations: ReadonlyMap<string, Conversation>
  /** What digests told: entry and time, by `conversationKey` of the digest. */
  readonly digests: ReadonlyMap<string, { readonly told: number; readonly atMs: number }>
  /** Escalation of a group in its present episode. */
  readonly escalations: ReadonlyMap<string, { readonly steps: number; readonly atMs: number }>
  /** Messages about alerts, newest last, of the last day: caps and budgets count them. */
  readonly sent: readonly SentNote[]
  readonly acks: ReadonlyMap<string, Acknowledgement>
  readonly silences: ReadonlyMap<string, Silence>
  readonly overrides: ReadonlyMap<string, RosterOverride>
  readonly trust: ReadonlyMap<string, 'paging' | 'observing'>
  readonly prunedMs: number
}

export interface SentNote {
  readonly channel: string
  readonly group: string
  readonly atMs: number
  readonly reason: Notification['reason']
  readonly severity: Notification['severity']
  readonly urgent: boolean
}

export const NO_ALERT_STATE: AlertState = {
  last: 0,
  epoch: 0,
  cursor: null,
  alerts: new Map(),
  outbox: new Map(),
  conversations: new Map(),
  digests: new Map(),
  escalations: new Map(),
  sent: [],
  acks: new Map(),
  silences: new Map(),
  overrides: new Map(),
  trust: new Map(),
  prunedMs: 0,
}

/** Resolved alerts, closed conversations, ended silences and overrides are forgotten after this. */
export const FORGET_MS = 7 * 86_400_000
const SENT_KEPT_MS = 7 * 86_400_000
const SENT_MAX = 20_000
/** Dead letters beyond this are given up, oldest first. */
const OUTBOX_DEAD_MAX = 2_000
const PRUNE_EVERY_MS = 3_600_000

export const conversationKey = (group: string, channel: string) => `${group} ${channel}`

interface Draft {
  last: number
  epoch: number
  cursor: string | null
  readonly alerts: Map<string, KnownAlert>
  readonly outbox: Map<string, OutboxItem>
  readonly conversations: Map<string, Conversation>
  readonly digests: Map<string, { readonly told: number; readonly atMs: number }>
  readonly escalations: Map<string, { readonly steps: number; readonly atMs: number }>
  sent: SentNote[]
  readonly acks: Map<string, Acknowledgement>
  readonly silences: Map<string, Silence>
  readonly overrides: Map<string, RosterOverride>
  readonly trust: Map<string, 'paging' | 'observing'>
  prunedMs: number
}

/** The state after more entries of the journal, oldest first; those folded in already change nothing. */
export function foldAlerts(state: AlertState, entries: readonly JournalEntry[]): AlertState {
  const fresh = entries.filter(({ sequence }) => sequence > state.last)
  const last = fresh.at(-1)?.sequence
  if (last === undefined) return state
  if (!fresh.some(({ body }) => ALERT_KINDS.has(body.kind))) return { ...state, last }
  const draft: Draft = {
    ...state,
    alerts: new Map(state.alerts),
    outbox: new Map(state.outbox),
    conversations: new Map(state.conversations),
    digests: new Map(state.digests),
    escalations: new Map(state.escalations),
    sent: [...state.sent],
    acks: new Map(state.acks),
    silences: new Map(state.silences),
    overrides: new Map(state.overrides),
    trust: new Map(state.trust),
  }
  for (const entry of fresh) apply(draft, entry)
  return { ...draft, last }
}

/** Kinds of the journal that are about alerts. */
export const ALERT_KINDS: ReadonlySet<JournalEntry['body']['kind']> = new Set([
  'alerts',
  'alert_deliveries',
  'alert_acks',
  'silences',
  'roster',
  'rule_trust',
])

function apply(draft: Draft, { sequence, at_ms, body }: JournalEntry): void {
  switch (body.kind) {
    case 'alerts':
      draft.epoch = Math.max(draft.epoch, body.epoch)
      if (body.cursor !== undefined) draft.cursor = body.cursor
      for (const transition of body.transitions) change(draft, transition, sequence, at_ms)
      for (const notification of body.notifications) queue(draft, notification, sequence)
      for (const fingerprint of body.forgotten) draft.alerts.delete(fingerprint)
      prune(draft, at_ms)
      return
    case 'alert_deliveries':
      for (const result of body.results) deliver(draft, result)
      return
    case 'alert_acks':
      for (const ack of body.acks) draft.acks.set(ack.group, ack)
      return
    case 'silences':
      for (const silence of body.silences) draft.silences.set(silence.id, silence)
      return
    case 'roster':
      for (const override of body.overrides) draft.overrides.set(override.id, override)
      return
    case 'rule_trust':
      draft.trust.set(body.rule, body.trust)
      return
    default:
  }
}

function change(draft: Draft, { alert }: AlertTransition, sequence: number, atMs: number): void {
  // One that never fired was never told and leaves nothing to tell.
  if (alert.state === 'resolved' && alert.fired_ms === null) {
    draft.alerts.delete(alert.fingerprint)
    return
  }
  const before = draft.alerts.get(alert.fingerprint)
  const isNews =
    before === undefined ||
    before.alert.state !== alert.state ||
    before.alert.severity !== alert.severity ||
    before.alert.mode !== alert.mode ||
    before.alert.suppressed?.by !== alert.suppressed?.by
  const mark = isNews
    ? { news: sequence, newsMs: atMs }
    : { news: before.news, newsMs: before.newsMs }
  draft.alerts.set(alert.fingerprint, { alert, ...mark })
}

function queue(draft: Draft, notification: Notification, sequence: number): void {
  const { id, channel, group, reason, severity, urgent, at_ms: atMs } = notification
  draft.outbox.set(id, { notification, sequence, last: null, state: 'waiting' })
  if (reason === 'drill' || reason === 'test') return
  draft.sent.push({ channel, group, atMs, reason, severity, urgent })
  if (reason === 'digest') {
    draft.digests.set(conversationKey(group, channel), { told: sequence, atMs })
    return
  }
  const key = conversationKey(group, channel)
  const before = draft.conversations.get(key)
  const goesOn = before !== undefined && before.isOpen
  draft.conversations.set(key, {
    group,
    channel,
    isOpen: reason !== 'resolved',
    firstMs: goesOn ? before.firstMs : atMs,
    atMs,
    told: sequence,
    reason,
    severity,
    urgent,
    fingerprints: notification.fingerprints,
  })
  if (reason === 'resolved') draft.escalations.delete(group)
  if (reason !== 'escalation') return
  const step = draft.escalations.get(group)
  // One step may go to several channels at once.
  if (step?.atMs !== atMs) draft.escalations.set(group, { steps: (step?.steps ?? 0) + 1, atMs })
}

function deliver(draft: Draft, result: DeliveryResult): void {
  const item = draft.outbox.get(result.id)
  if (item === undefined) return
  // A test is tried once.
  const isOver = result.outcome === 'accepted' || item.notification.reason === 'test'
  if (isOver) draft.outbox.delete(result.id)
  else
    draft.outbox.set(result.id, {
      ...item,
      last: result,
      state: result.outcome === 'dead' ? 'dead' : 'waiting',
    })
}

/** By the time of entries, not of a clock: each who folds the same journal forgets the same. */
function prune(draft: Draft, atMs: number): void {
  if (atMs - draft.prunedMs < PRUNE_EVERY_MS) return
  draft.prunedMs = atMs
  const before = atMs - FORGET_MS
  const drop = <Value>(map: Map<string, Value>, isOld: (value: Value) => boolean) => {
    for (const [key, value] of map) if (isOld(value)) map.delete(key)
  }
  drop(draft.conversations, (one) => !one.isOpen && one.atMs < before)
  drop(draft.acks, ({ until_ms }) => until_ms < before)
  drop(draft.silences, ({ to_ms }) => to_ms < before)
  drop(draft.overrides, ({ to_ms }) => to_ms < before)
  draft.sent = draft.sent.filter((note) => note.atMs >= atMs - SENT_KEPT_MS).slice(-SENT_MAX)
  const dead = [...draft.outbox].filter(([, item]) => item.state === 'dead')
  for (const [id] of dead.slice(0, Math.max(0, dead.length - OUTBOX_DEAD_MAX)))
    draft.outbox.delete(id)
}

/** The acknowledgement of a conversation that holds at `nowMs`; one of an earlier episode does not. */
export function ackOf(
  state: Pick<AlertState, 'acks'>,
  { group, firstMs }: Pick<Conversation, 'group' | 'firstMs'>,
  nowMs: number,
): Acknowledgement | null {
  const ack = state.acks.get(group)
  return ack !== undefined && ack.at_ms >= firstMs && ack.until_ms > nowMs ? ack : null
}
