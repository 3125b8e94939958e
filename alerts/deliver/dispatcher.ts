import type { DeliveryResult } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { attempt, type Attempt, type AttemptPorts } from './attempt.ts'
import type { ChannelAttempts } from './channel-attempts.ts'
import { mergedItem } from './merged.ts'
import type { Outbox, OutboxItem } from './outbox.ts'
import { planOf, type Step, tryKey } from './plan.ts'
import { ended, resultOf } from './results.ts'

export interface DispatcherDeps extends AttemptPorts {
  readonly attempts: ChannelAttempts
  /** The alerting file as it stands; asked anew each time. */
  readonly config: () => AlertsConfig
  readonly clock: Clock
  /** 0..1. */
  readonly random: () => number
  readonly logger: Logger
  /** Calls back once after `ms`; returns what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void
}

/** Does what the plan says, now and whenever it has changed. */
export interface Dispatcher {
  start(): void
  /** Begins nothing more; resolves when attempts under way have ended. */
  stop(): Promise<void>
  /** Something changed: look again. */
  look(): void
  /** `tryKey`s of attempts under way. */
  readonly underWay: ReadonlyMap<string, Promise<void>>
  /** Channels that asked for quiet, until epoch ms. */
  readonly quietUntilMs: ReadonlyMap<string, number>
}

/** Timers beyond this fire at once. */
const SLEEP_MS_MAX = 3_600_000

/** Attempts over an outbox; each result is applied to it at once and handed to `written`. */
export function createDispatcher(
  deps: DispatcherDeps,
  outbox: Outbox,
  written: (result: DeliveryResult) => void,
): Dispatcher {
  const { clock, attempts } = deps
  const underWay = new Map<string, Promise<void>>()
  const quietUntilMs = new Map<string, number>()
  const tell = createTeller(deps.logger)
  let isRunning = false
  let cancel = () => {}
  let hearNoMore = () => {}

  const channelsNow = () => new Map(deps.config().channels.map((one) => [one.name, one]))

  const look = () => {
    cancel()
    if (!isRunning) return
    const nowMs = clock()
    const channels = channelsNow()
    const situation = { outbox, channels, attempts, quietUntilMs, nowMs }
    const { steps, nextMs } = planOf({ ...situation, underWay: new Set(underWay.keys()) })
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
    const begun = attempts.begin(channel.name, clock())
    const work = attempt(item, channel, deps.config(), deps).then((made) => {
      for (const one of items) underWay.delete(tryKey(one.notification.id, channel.name))
      for (const one of items) finish(one, channel.name, { ...made, startMs: begun.atMs })
      keepQuiet(quietUntilMs, channel.name, { made, nowMs: clock() })
      // Looks again, as after the end of a report.
      begun.end()
    })
    for (const one of items) underWay.set(tryKey(one.notification.id, channel.name), work)
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
    written(result)
    tell(result)
  }

  return {
    underWay,
    quietUntilMs,
    look,
    start() {
      isRunning = true
      hearNoMore = attempts.onEnd(look)
      look()
    },
    async stop() {
      isRunning = false
      hearNoMore()
      cancel()
      await Promise.allSettled(underWay.values())
    },
  }
}

/** A receiver that asked for quiet gets it; any other answer ends it. */
function keepQuiet(
  quietUntilMs: Map<string, number>,
  channel: string,
  { made, nowMs }: { readonly made: Attempt; readonly nowMs: number },
): void {
  const { verdict } = made
  if (verdict.kind === 'retry' && verdict.waitMs !== null)
    quietUntilMs.set(channel, nowMs + verdict.waitMs)
  else quietUntilMs.delete(channel)
}

/** Logs dead letters, and that a channel stops or begins to take messages: each message is no news. */
function createTeller(logger: Logger): (result: DeliveryResult) => void {
  const failing = new Set<string>()
  return ({ id, channel, outcome, detail: why }) => {
    if (outcome === 'dead')
      logger.error('a notification could not be delivered; replay it when its channel is well', {
        id,
        channel,
        why,
      })
    if (outcome === 'accepted') {
      if (failing.delete(channel)) logger.info('a channel takes messages again', { channel })
    } else if (!failing.has(channel)) {
      failing.add(channel)
      logger.warn('a channel does not take messages; they are tried again', { channel, why })
    }
  }
}
