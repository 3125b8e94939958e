import type { ChannelConfig, ChannelKind } from '#schemas/alerts/channel-config.ts'
import type { ChannelAttempts } from './channel-attempts.ts'
import { FAILOVER_MS, isFast } from './ladder.ts'
import { conversationKey, isOver, type Outbox, type OutboxItem } from './outbox.ts'
import { roomOf } from './rate.ts'

/** What a sender does now. */
export type Step =
  /** One message, or several that did not fit and become one. */
  | {
      readonly kind: 'send'
      readonly channel: ChannelConfig
      readonly items: readonly OutboxItem[]
    }
  /** This channel will never take it. */
  | {
      readonly kind: 'end'
      readonly channel: string
      readonly item: OutboxItem
      readonly why: string
    }

export interface Plan {
  readonly steps: readonly Step[]
  /** When to look again though nothing happened, epoch ms; null = never. */
  readonly nextMs: number | null
}

export interface Situation {
  readonly outbox: Outbox
  readonly channels: ReadonlyMap<string, ChannelConfig>
  /** `tryKey`s of attempts under way. */
  readonly underWay: ReadonlySet<string>
  /** All that went through the channels, reports too. */
  readonly attempts: Pick<ChannelAttempts, 'ended' | 'underWay'>
  /** Channels that asked for quiet, until epoch ms. */
  readonly quietUntilMs: ReadonlyMap<string, number>
  readonly nowMs: number
}

export const tryKey = (id: string, channel: string) => `${id} ${channel}`

/** A message that could not be sent is not offered again sooner because another one got through. */
const HASTEN_AFTER_MS = 30_000
/** A test that nobody sent for so long tells nothing any more. */
const TEST_LIFE_MS = 600_000
/** Channels in a chain of failovers. */
const CHAIN_MAX = 4
/** A chat shows many messages as one; for the others each is an object of its own. */
const MERGING: ReadonlySet<ChannelKind> = new Set(['slack', 'feishu', 'dingtalk', 'wecom', 'smtp'])

/** What is due, what waits for room, and when to look again. Pure. */
export function planOf(situation: Situation): Plan {
  const steps: Step[] = []
  const due = new Map<string, OutboxItem[]>()
  let nextMs: number | null = null
  const later = (ms: number) => {
    nextMs = nextMs === null ? ms : Math.min(nextMs, ms)
  }
  const earlier = new Map<string, OutboxItem[]>()
  for (const item of situation.outbox.items.values()) {
    if (item.state === 'dead') continue
    const { group, channel } = item.notification
    const key = conversationKey(group, channel)
    const before: readonly OutboxItem[] = earlier.get(key) ?? []
    for (const target of targetsOf(item, before, situation)) {
      if (target.dueMs > situation.nowMs) later(target.dueMs)
      else if (!situation.underWay.has(tryKey(item.notification.id, target.channel))) {
        const why = refusedFor(target.channel, item, situation)
        if (why !== null) steps.push({ kind: 'end', channel: target.channel, item, why })
        else push(due, target.channel, item)
      }
    }
    push(earlier, key, item)
  }
  for (const [name, items] of due) {
    const channel = situation.channels.get(name)
    if (channel !== undefined) steps.push(...ofChannel(channel, items, situation, later))
  }
  return { steps, nextMs }
}

function push(map: Map<string, OutboxItem[]>, key: string, item: OutboxItem): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}

interface Target {
  readonly channel: string
  readonly dueMs: number
}

/** The channels a notification is to be tried at, and when. */
function targetsOf(
  item: OutboxItem,
  before: readonly OutboxItem[],
  situation: Situation,
): Target[] {
  const { nowMs } = situation
  const fromMs = item.notification.not_before_ms
  const targets: Target[] = item.also
    .filter((channel) => !isOver(item.tries.get(channel)))
    .map((channel) => ({ channel, dueMs: dueAt(item, channel, situation) }))
  if (item.isTaken) return targets
  const isBlocked = mustWait(item, before, situation)
  let startMs: number | null = fromMs
  for (const [stage, channel] of chainOf(item, situation).entries()) {
    if (startMs === null) break
    if (startMs > nowMs) {
      targets.push({ channel, dueMs: startMs })
      break
    }
    const tries = item.tries.get(channel)
    const waits = stage === 0 && isBlocked
    if (waits && isFast(item.notification)) targets.push({ channel, dueMs: fromMs + FAILOVER_MS })
    if (!waits && !isOver(tries))
      targets.push({ channel, dueMs: Math.max(startMs, dueAt(item, channel, situation)) })
    if (isOver(tries)) startMs = nowMs
    else {
      const firstMs: number | null = tries?.firstMs ?? (waits ? fromMs : null)
      startMs = firstMs === null ? null : firstMs + FAILOVER_MS
    }
  }
  return targets
}

/** The channel it is for, then those that take over: only pages have them, and a resolve goes where its page went. */
export function chainOf(
  { notification }: OutboxItem,
  { channels }: Pick<Situation, 'channels'>,
): readonly string[] {
  const chain = [notification.channel]
  if (!isFast(notification) || notification.reason === 'resolved') return chain
  while (chain.length < CHAIN_MAX) {
    const next = channels.get(chain.at(-1) ?? '')?.failover
    if (next === undefined || chain.includes(next)) break
    chain.push(next)
  }
  return chain
}

/**
 * A resolve comes after all of its conversation, and what follows a resolve after that: else the new incident would be
 * closed. A page waits for it no longer than a failover would take.
 */
function mustWait(
  { notification }: OutboxItem,
  before: readonly OutboxItem[],
  { underWay, nowMs }: Situation,
): boolean {
  if (before.length === 0) return false
  if (notification.severity === 'page' && notification.reason !== 'resolved')
    if (nowMs >= notification.not_before_ms + FAILOVER_MS) return false
  return before.some(
    (other) =>
      !other.isTaken &&
      (notification.reason === 'resolved' ||
        other.notification.reason === 'resolved' ||
        underWay.has(tryKey(other.notification.id, notification.channel))),
  )
}

/** When a channel is tried next; sooner when it took something since. */
function dueAt(item: OutboxItem, channel: string, situation: Situation): number {
  const last = item.tries.get(channel)?.last
  if (last === undefined) return item.notification.not_before_ms
  const planned = last.next_ms ?? Number.POSITIVE_INFINITY
  const well = situation.outbox.acceptedMs.get(channel) ?? 0
  return well > last.at_ms ? Math.min(planned, last.at_ms + HASTEN_AFTER_MS) : planned
}

function refusedFor(name: string, item: OutboxItem, situation: Situation): string | null {
  const channel = situation.channels.get(name)
  if (channel === undefined) return 'no channel has this name now'
  if (!channel.enabled) return 'the channel is not enabled'
  const { reason, at_ms } = item.notification
  if (reason === 'test')
    return situation.nowMs - at_ms > TEST_LIFE_MS ? 'not sent: nobody sent for ten minutes' : null
  if (situation.outbox.gone.has(name))
    return 'not tried: the receiver said before that this address is gone'
  return null
}

/** Worst first, pages before all else; what has no room becomes one message where the receiver is a chat. */
function ofChannel(
  channel: ChannelConfig,
  items: readonly OutboxItem[],
  situation: Situation,
  later: (ms: number) => void,
): Step[] {
  const { nowMs } = situation
  const quietMs = situation.quietUntilMs.get(channel.name) ?? 0
  if (quietMs > nowMs) {
    later(quietMs)
    return []
  }
  const crowdedMs = crowdedUntil(channel.kind, nowMs)
  const ordered = [...items].sort(worstFirst)
  const pages = ordered.filter(({ notification }) => isFast(notification))
  const others = ordered.filter(({ notification }) => !isFast(notification))
  if (crowdedMs > nowMs && others.length > 0) later(crowdedMs)
  const room = roomOf(channel, {
    attemptsMs: situation.attempts.ended(channel.name),
    underWay: situation.attempts.underWay(channel.name),
    nowMs,
  })
  const first = filled(channel, pages, room.any)
  const left = Math.min(room.ordinary, room.any - first.length)
  const second = crowdedMs > nowMs ? [] : filled(channel, others, Math.max(0, left))
  const sent = [...first, ...second].reduce((sum, step) => sum + step.items.length, 0)
  if (sent < items.length && room.nextMs !== null) later(room.nextMs)
  return [...first, ...second]
}

type Send = Extract<Step, { kind: 'send' }>

function filled(channel: ChannelConfig, items: readonly OutboxItem[], room: number): Send[] {
  const single = (item: OutboxItem): Send => ({ kind: 'send', channel, items: [item] })
  if (items.length <= room || room === 0) return items.slice(0, room).map(single)
  if (!MERGING.has(channel.kind)) return items.slice(0, room).map(single)
  return [
    ...items.slice(0, room - 1).map(single),
    { kind: 'send', channel, items: items.slice(room - 1) },
  ]
}

const RANK = { page: 0, warn: 1, data: 2, ticket: 3 } as const
function worstFirst({ notification: a }: OutboxItem, { notification: b }: OutboxItem): number {
  return (
    Number(b.urgent) - Number(a.urgent) || RANK[a.severity] - RANK[b.severity] || a.at_ms - b.at_ms
  )
}

/** Feishu is crowded as each half hour begins (its error 11232): what is no page goes 20 s later. */
function crowdedUntil(kind: ChannelKind, nowMs: number): number {
  const intoHalfHour = nowMs % 1_800_000
  return kind === 'feishu' && intoHalfHour < 20_000 ? nowMs - intoHalfHour + 20_000 : 0
}
