import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { AttemptPorts } from './attempt.ts'
import type { Resolve } from './address.ts'
import { type ChannelAttempts, createChannelAttempts } from './channel-attempts.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { createKeepAlive, type KeepAlive } from './keep-alive.ts'
import { linksOf } from './links.ts'
import { createPost, resolveName } from './post.ts'
import { createSendMail } from './relay.ts'
import { createReadSecret } from './secrets.ts'
import { createSender, type Sender, type SenderStatus } from './sender.ts'

export interface DeliveryDeps {
  readonly journal: Pick<Journal, 'append'>
  /** The alerting file as it stands; asked anew each time. */
  readonly config: () => AlertsConfig
  /** Where secrets named by `…_env` are. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** 32 random bytes of this site: links of messages are signed with it. */
  readonly linkKey: Uint8Array
  /** Name of a rule's page under /api/docs/runbooks/; null = it has none. */
  readonly runbookOf: (rule: string) => string | null
  readonly logger: Logger
  /** Given: the heartbeat has a timer of its own and rests while this is false. Else whoever evaluates calls `beat`. */
  readonly isWell?: () => boolean
  /** Shared with who else sends through the channels; absent = nobody does. */
  readonly attempts?: ChannelAttempts
  readonly clock?: Clock
  readonly random?: () => number
  readonly resolve?: Resolve
  /** In place of the network: the demo's receiver. */
  readonly receiver?: Pick<AttemptPorts, 'post' | 'sendMail'>
}

/** Everything that leaves the evaluator: messages, what an Alertmanager must hear again, the heartbeat. */
export interface Delivery {
  readonly sender: Sender
  readonly keepAlive: KeepAlive
  readonly heartbeat: Heartbeat
  /** Entries of the journal about alerts, from the first on, in order, own ones included; before and after start. */
  apply(entries: readonly JournalEntry[]): void
  status(): SenderStatus
  /** Starts sending: only the active evaluator does. */
  start(): void
  stop(): Promise<void>
}

/** Delivery over the real network. */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { config, logger } = deps
  const clock = deps.clock ?? Date.now
  const resolve = deps.resolve ?? resolveName
  const ports: AttemptPorts = {
    clock,
    post: deps.receiver?.post ?? createPost(resolve),
    sendMail: deps.receiver?.sendMail ?? createSendMail(resolve),
    readSecret: createReadSecret(deps.environment),
    links: ({ notification, alerts }) =>
      linksOf(notification, alerts, {
        publicUrl: config().public_url ?? '',
        key: deps.linkKey,
        runbookOf: deps.runbookOf,
      }),
  }
  const after = (ms: number, callback: () => void) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  }
  const { journal } = deps
  const random = deps.random ?? Math.random
  const attempts = deps.attempts ?? createChannelAttempts()
  const sender = createSender({ ...ports, attempts, journal, config, clock, random, logger, after })
  const keepAlive = createKeepAlive({ ...ports, outbox: sender.outbox, config, logger, after })
  const heartbeat = createHeartbeat({
    ...ports,
    config,
    logger,
    after,
    isWell: deps.isWell ?? (() => true),
  })
  return {
    sender,
    keepAlive,
    heartbeat,
    apply: sender.apply,
    status: sender.status,
    start() {
      sender.start()
      keepAlive.start()
      if (deps.isWell !== undefined) heartbeat.start()
    },
    async stop() {
      await Promise.all([sender.stop(), keepAlive.stop(), heartbeat.stop()])
    },
  }
}
