import type { ChannelConfig } from '#schemas/alerts/channel-config.ts'
import type { DeliveryResult } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { attempt, type Attempt, type AttemptPorts } from './attempt.ts'
import { isFast, nextAttemptMs } from './ladder.ts'
import { mergedItem } from './merged.ts'
import { createOutbox, GONE, isOver, type Outbox, type OutboxItem } from './outbox.ts'
import { chainOf, planOf, type Step, tryKey } from './plan.ts'
import { createResultWriter } from './result-writer.ts'
import { testItem } from './test-message.ts'

export interface SenderDeps extends AttemptPorts {
  readonly journal: Pick<Journal, 'append'>
  /** The alerting file as it stands; asked anew each time. */
  readonly config: () => AlertsConfig
  readonly clock: Clock
  /** 0..1. */
  readonly random: () => number
  readonly logger: Logger
  /** Calls back once after `ms`; returns what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void
}

/** Delivers what the journal queues, and writes down how it went. Needs no store. */
export interface Sender {
  /** Entries of the journal in order, own ones included; also those from before start. */
  readonly apply: (entries: readonly JournalEntry[]) => void
  start(): void
  /** Lets attempts under way end, then writes their results. */
  stop(): Promise<void>
  readonly outbox: Outbox
  /** Tries a dead letter again. Rejects with E_NOT_FOUND when there is none of this id. */
  replay(id: string, who: string): Promise<void>
  /** One message to a channel, at once and past the queue. Rejects with E_CHANNEL_UNKNOWN. */
  test(channel: string, who: string): Promise<DeliveryResult>
  readonly status: () => SenderStatus
}

export interface SenderStatus {
  readonly waiting: number
  readonly dead: number
  readonly underWay: number
  /** Results that the journal has not taken yet. */
  readonly unwritten: number
  /** How long the oldest one waits that is due, ms; 0 = none. */
  readonly oldestMs: number
  readonly channels: readonly ChannelStatus[]
}
export interface ChannelStatus {
  readonly name: string
  readonly acceptedMs: number | null
  readonly isGone: boolean
  readonly quietUntilMs: number | null
}

/** Timers beyond this fire at once. */
const SLEEP_MS_MAX = 3_600_000

export function createSender(deps: SenderDeps): Sender {
  const { clock, logger } = deps
  const outbox = createOutbox()
  const underWay = new Map<string, Promise<void>>()
  const quietUntilMs = new Map<string, number>()
  const failing = new Set<string>()
  const writer = createResultWriter(deps)
  let isRunning = false
  let cancel = () => {}

  const channelsNow = () => new Map(deps.config().channels.map((one) => [one.name, one]))

  const look = () => {
    cancel()
    if (!isRunning) return
    const nowMs = clock()
    const channels = channelsNow()
    const situation = { outbox, channels, underWay: new Set(underWay.keys()), quietUntilMs, nowMs }
    const { steps, nextMs } = planOf(situation)
    for (const step of steps) {
      if (step.kind === 'send') begin(step)
      else finish(step.item, step.channel, ended(step.why))
    }
    if (steps.some(({ kind }) => kind === 'end')) return look()
    if (nextMs !== null)
      cancel = deps.after(Math.min(SLEEP_MS_MAX, Math.max(1, nextMs - nowMs)), look)
  }

  const begin = ({ channel, items }: Extract<Step, { kind: 'send' }>) => {
    const item = mergedItem(items)
    if (item === null) return
    const startMs = clock()
    const work = attempt(item, channel, deps.config(), deps).then((made) => {
      for (const one of items) underWay.delete(tryKey(one.notification.id, channel.name))
      for (const one of items) finish(one, channel.name, { ...made, startMs })
      keepQuiet(channel, made)
      look()
    })
    for (const one of items) underWay.set(tryKey(one.notification.id, channel.name), work)
  }

  const keepQuiet = (channel: ChannelConfig, { verdict }: Attempt) => {
    if (verdict.kind === 'retry' && verdict.waitMs !== null)
      quietUntilMs.set(channel.name, clock() + verdict.waitMs)
    else quietUntilMs.delete(channel.name)
  }

  /** What an attempt means for its notification, applied at once and written down. */
  const finish = (
    item: OutboxItem,
    channel: string,
    made: Attempt & { readonly startMs?: number },
  ) => {
    const now = outbox.items.get(item.notification.id)
    if (now === undefined) return
    const result = resultOf(now, channel, made, {
      nowMs: clock(),
      random: deps.random(),
      channels: channelsNow(),
    })
    outbox.applyResult(result)
    writer.add(result)
    if (result.outcome === 'dead')
      logger.error('a notification could not be delivered; replay it when its channel is well', {
        id: result.id,
        channel,
        why: result.detail,
      })
    tellOnce(result)
  }

  /** A channel that stops or begins to take messages is news; each message is not. */
  const tellOnce = ({ channel, outcome, detail }: DeliveryResult) => {
    if (outcome === 'accepted') {
      if (failing.delete(channel)) logger.info('a channel takes messages again', { channel })
    } else if (!failing.has(channel)) {
      failing.add(channel)
      logger.warn('a channel does not take messages; they are tried again', {
        channel,
        why: detail,
      })
    }
  }

  return {
    outbox,
    apply(entries) {
      for (const entry of entries) outbox.applyEntry(entry)
      look()
    },
    start() {
      isRunning = true
      writer.start()
      look()
    },
    async stop() {
      isRunning = false
      cancel()
      await Promise.allSettled(underWay.values())
      await writer.stop()
    },
    async replay(id, who) {
      const item = outbox.items.get(id)
      if (item?.state !== 'dead')
        throw new PlimsollError('E_NOT_FOUND', `there is no undelivered message ${id}`)
      await writer.writeNow([replayOf(item, clock())], who)
    },
    async test(name, who) {
      const config = deps.config()
      const channel = config.channels.find((one) => one.name === name && one.enabled)
      if (channel === undefined)
        throw new PlimsollError('E_CHANNEL_UNKNOWN', `no enabled channel is named ${name}`)
      const startMs = clock()
      const item = testItem(name, {
        nowMs: startMs,
        random: deps.random(),
        timeZone: config.time_zone,
      })
      const made = await attempt(item, channel, config, deps)
      const result = { ...baseResult(item, name, { ...made, startMs }), next_ms: null }
      outbox.applyResult(result)
      look()
      await writer.writeNow([result], who)
      return result
    },
    status: () => statusOf(),
  }

  function statusOf(): SenderStatus {
    const items = [...outbox.items.values()]
    const waiting = items.filter(({ state }) => state === 'waiting')
    const nowMs = clock()
    const dues = waiting.map(({ notification }) => nowMs - notification.not_before_ms)
    return {
      waiting: waiting.length,
      dead: items.length - waiting.length,
      underWay: underWay.size,
      unwritten: writer.waiting(),
      oldestMs: dues.reduce((most, ms) => Math.max(most, ms), 0),
      channels: deps.config().channels.map(({ name }) => ({
        name,
        acceptedMs: outbox.acceptedMs.get(name) ?? null,
        isGone: outbox.gone.has(name),
        quietUntilMs: quietUntilMs.get(name) ?? null,
      })),
    }
  }
}

const ended = (why: string): Attempt => ({
  verdict: { kind: 'final', detail: why, isGone: false },
  status: null,
})

function baseResult(
  item: OutboxItem,
  channel: string,
  { verdict, status, startMs }: Attempt & { readonly startMs: number },
): DeliveryResult {
  const isGone = verdict.kind === 'final' && verdict.isGone
  return {
    id: item.notification.id,
    channel,
    at_ms: startMs,
    attempt: (item.tries.get(channel)?.count ?? 0) + 1,
    outcome: verdict.kind === 'accepted' ? 'accepted' : 'failed',
    status,
    detail: `${isGone ? GONE : ''}${verdict.detail}`.slice(0, 512),
    next_ms: null,
    receipt: verdict.kind === 'accepted' ? verdict.receipt : '',
  }
}

/** The result of an attempt: with its next time, or dead when no channel of the chain has any left. */
export function resultOf(
  item: OutboxItem,
  channel: string,
  made: Attempt & { readonly startMs?: number },
  now: {
    readonly nowMs: number
    readonly random: number
    readonly channels: ReadonlyMap<string, ChannelConfig>
  },
): DeliveryResult {
  const startMs = made.startMs ?? now.nowMs
  const base = baseResult(item, channel, { ...made, startMs })
  const { verdict } = made
  if (verdict.kind === 'accepted') return base
  const next =
    verdict.kind === 'final'
      ? null
      : nextAttemptMs({
          isFast: isFast(item.notification),
          firstMs: item.tries.get(channel)?.firstMs ?? startMs,
          nowMs: now.nowMs,
          waitMs: verdict.waitMs,
          random: now.random,
        })
  if (next !== null) return { ...base, next_ms: next }
  const others = chainOf(item, now).filter((one) => one !== channel)
  const isLast = !item.isTaken && others.every((one) => isOver(item.tries.get(one)))
  return isLast ? { ...base, outcome: 'dead' } : base
}

const replayOf = (item: OutboxItem, nowMs: number): DeliveryResult => ({
  id: item.notification.id,
  channel: item.notification.channel,
  at_ms: nowMs,
  attempt: 0,
  outcome: 'replayed',
  status: null,
  detail: 'replayed',
  next_ms: nowMs,
  receipt: '',
})
