import { type Alert, type DeliveryResult, GONE, type Notification } from '#schemas/alerts/alert.ts'
import { FORGET_MS } from '#schemas/alerts/state.ts'
import type { JournalEntry } from '#schemas/journal.ts'
import type { ChannelAttempts } from './channel-attempts.ts'

/** How one channel fared with one notification. */
export interface Tries {
  readonly count: number
  /** Start of the first attempt, epoch ms. */
  readonly firstMs: number
  readonly last: DeliveryResult
}

/** A notification that is on its way, or dead until somebody replays it. */
export interface OutboxItem {
  readonly notification: Notification
  /** As they stood when it was queued: the message is the same at each attempt. */
  readonly alerts: readonly Alert[]
  /** Whom the conversation named so far: a resolve must reach each of their keys. */
  readonly people: readonly string[]
  /** Channels that had taken the conversation over: a resolve goes there too. */
  readonly also: readonly string[]
  /** By channel. */
  readonly tries: ReadonlyMap<string, Tries>
  /** The channel it was meant for, or the one that took over, has it; `also` is still to be told. */
  readonly isTaken: boolean
  readonly state: 'waiting' | 'dead'
}

/** What is told to one channel about one group while it lasts. */
interface Conversation {
  readonly fingerprints: Set<string>
  readonly people: Set<string>
  readonly takenOver: Set<string>
  last: Notification
}

/**
 * What is to be sent, as a fold of the journal: the process that takes over after a crash knows the same. Applying the
 * same thing twice changes nothing.
 */
export interface Outbox {
  readonly items: ReadonlyMap<string, OutboxItem>
  readonly alerts: ReadonlyMap<string, Alert>
  /** Open conversations by group and channel. */
  readonly conversations: ReadonlyMap<string, Readonly<Conversation>>
  /** Channels whose receiver is gone for good. */
  readonly gone: ReadonlySet<string>
  /** Last acceptance by channel, epoch ms. */
  readonly acceptedMs: ReadonlyMap<string, number>
  applyEntry(entry: JournalEntry): void
  applyResult(result: DeliveryResult): void
}

/** Fingerprints that are kept of a conversation; more are only counted. */
const FINGERPRINTS_MAX = 5_000
/** Ids of finished notifications that are remembered, so that one queued twice is sent once. */
const FINISHED_MAX = 20_000
const PRUNE_EVERY_MS = 3_600_000

/** `attempts` hears of each that the journal has, so that a restart forgets none. */
export function createOutbox(attempts: Pick<ChannelAttempts, 'note'>): Outbox {
  const items = new Map<string, OutboxItem>()
  const alerts = new Map<string, Alert>()
  const conversations = new Map<string, Conversation>()
  const gone = new Set<string>()
  const acceptedMs = new Map<string, number>()
  const finished = new Set<string>()
  let prunedMs = 0

  const finish = (id: string) => {
    items.delete(id)
    remember(finished, id)
  }

  const queue = (notification: Notification) => {
    const { id, group, channel, reason } = notification
    if (items.has(id) || finished.has(id)) return
    const key = conversationKey(group, channel)
    const open = conversations.get(key)
    items.set(id, itemOf(notification, open, alerts))
    if (reason === 'resolved') conversations.delete(key)
    else if (reason !== 'digest' && reason !== 'test' && reason !== 'drill')
      conversations.set(key, continued(open, notification))
  }

  const applyResult = (result: DeliveryResult) => {
    const { id, channel, outcome, at_ms, attempt } = result
    const item = items.get(id)
    if (outcome === 'replayed') {
      gone.delete(channel)
      if (item !== undefined) items.set(id, { ...item, tries: new Map(), state: 'waiting' })
      return
    }
    attempts.note(channel, at_ms)
    if (outcome === 'accepted') {
      acceptedMs.set(channel, Math.max(at_ms, acceptedMs.get(channel) ?? 0))
      gone.delete(channel)
    } else if (result.detail.startsWith(GONE)) gone.add(channel)
    if (item === undefined || (item.tries.get(channel)?.count ?? 0) >= attempt) return
    const before = item.tries.get(channel)
    const tries = new Map(item.tries).set(channel, {
      count: attempt,
      firstMs: before?.firstMs ?? at_ms,
      last: result,
    })
    const isOurs = !item.also.includes(channel)
    const isTaken = item.isTaken || (isOurs && outcome === 'accepted')
    if (isTaken && isOurs && channel !== item.notification.channel)
      conversations
        .get(conversationKey(item.notification.group, item.notification.channel))
        ?.takenOver.add(channel)
    if (item.notification.reason === 'test') return finish(id)
    if (isTaken && item.also.every((one) => isOver(tries.get(one)))) return finish(id)
    items.set(id, { ...item, tries, isTaken, state: outcome === 'dead' ? 'dead' : item.state })
  }

  const applyEntry = ({ body, at_ms }: JournalEntry) => {
    if (body.kind === 'alert_deliveries') for (const result of body.results) applyResult(result)
    if (body.kind !== 'alerts') return
    for (const { alert } of body.transitions) alerts.set(alert.fingerprint, alert)
    for (const notification of body.notifications) queue(notification)
    for (const fingerprint of body.forgotten) alerts.delete(fingerprint)
    if (at_ms - prunedMs < PRUNE_EVERY_MS) return
    prunedMs = at_ms
    forgetOld(alerts, at_ms)
  }

  return { items, alerts, conversations, gone, acceptedMs, applyEntry, applyResult }
}

function remember(finished: Set<string>, id: string): void {
  finished.add(id)
  const [oldest] = finished
  if (finished.size > FINISHED_MAX && oldest !== undefined) finished.delete(oldest)
}

function forgetOld(alerts: Map<string, Alert>, nowMs: number): void {
  for (const [fingerprint, { resolved_ms }] of alerts)
    if (resolved_ms !== null && resolved_ms < nowMs - FORGET_MS) alerts.delete(fingerprint)
}

export const conversationKey = (group: string, channel: string) => `${group} ${channel}`

/** Whether a channel is done with a notification, one way or the other. */
export const isOver = (tries: Tries | undefined): boolean =>
  tries !== undefined && (tries.last.outcome === 'accepted' || tries.last.next_ms === null)

function itemOf(
  notification: Notification,
  open: Conversation | undefined,
  alerts: ReadonlyMap<string, Alert>,
): OutboxItem {
  const { channel, mention, reason, fingerprints } = notification
  const isResolve = reason === 'resolved'
  const named = isResolve ? [...(open?.people ?? []), mention] : [mention]
  return {
    notification,
    alerts: fingerprints.flatMap((one) => alerts.get(one) ?? []),
    people: [...new Set(named)],
    also: isResolve ? [...(open?.takenOver ?? [])].filter((one) => one !== channel) : [],
    tries: new Map(),
    isTaken: false,
    state: 'waiting',
  }
}

function continued(open: Conversation | undefined, last: Notification): Conversation {
  const conversation: Conversation = open ?? {
    fingerprints: new Set(),
    people: new Set(),
    takenOver: new Set(),
    last,
  }
  conversation.last = last
  conversation.people.add(last.mention)
  for (const fingerprint of last.fingerprints)
    if (conversation.fingerprints.size < FINGERPRINTS_MAX)
      conversation.fingerprints.add(fingerprint)
  return conversation
}
