import { setImmediate, setTimeout } from 'node:timers/promises'
import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { SENT_AT_HEADER, STREAM_NAME } from '#schemas/subjects.ts'
import type { Log, LogMessage } from './log.ts'
import { publishMessage } from './publish.ts'
import { checkServer } from './streams.ts'

export interface JetStreamLogOptions {
  /** The caller's; not closed with the log. The stream must exist: see ensureStreams. */
  readonly connection: NatsConnection
  readonly logger: Logger
  readonly now?: Clock
}

/** Messages the server may send ahead of the reader: its bound in memory. */
const AHEAD_MESSAGES = 256
/** One pull request stays open this long; missed heartbeats end it sooner. */
const PULL_MS = 10_000
const HEARTBEAT_MS = 2000
/** The server forgets a reader that asked for nothing for so long. */
const INACTIVE_MS = 60_000
const ACK_TIMEOUT_MS = 5000
/** Pause before a reader is made anew. */
const RETRY_MS = 200

/** One server-side reader and what is known about its place. */
interface Feed {
  readonly consumer: Consumer
  readonly name: string
  /** Position the next message must at least have. */
  next: number
  /** Sequence of deliveries so far: a jump means that messages went missing on the way. */
  delivered: number
  pull: Pull | null
}

interface Pull {
  readonly messages: ConsumerMessages
  readonly iterator: AsyncIterator<JsMsg>
  /** The next message, asked for but not taken yet: survives a read that ran out of time. */
  pending: Promise<IteratorResult<JsMsg>> | null
  /** Until then (performance.now) a pull that ends without a message was refused, not finished. */
  until: number
}

/**
 * The telemetry stream as a log; position = stream sequence, epoch = when the stream was created. Refuses
 * old servers with E_BUS_TOO_OLD and a missing stream with E_BUS_AWAY.
 *
 * Reading uses one long-lived pull consumer without acknowledgements, made anew only after errors (one per
 * batch leaks on cluster followers: nats-server #7718). It is not the client's ordered consumer, because
 * that one asks for more as messages arrive, not as they are taken, and so has no bound in memory.
 */
export async function openJetStreamLog(options: JetStreamLogOptions): Promise<Log> {
  const { connection, logger, now = Date.now } = options
  checkServer(connection, logger)
  const client = jetstream(connection, { timeout: ACK_TIMEOUT_MS })
  const manager = await jetstreamManager(connection, { checkAPI: false })
  let epoch = ''
  const refresh = async (): Promise<StreamInfo> => {
    const info = await orAway(() => manager.streams.info(STREAM_NAME))
    epoch = `${STREAM_NAME}:${info.created}`
    return info
  }
  await refresh()
  const reader = streamReader(client, manager, refresh)
  return {
    epoch: () => epoch,
    async first() {
      const { first_seq, messages, last_seq } = (await refresh()).state
      return messages === 0 ? last_seq + 1 : first_seq
    },
    last: async () => (await refresh()).state.last_seq,
    append: (message) => publishMessage(client, message, now()),
    read: (from, max, waitMs) => reader.read(from, max, waitMs),
    close: () => reader.close(),
  }
}

function streamReader(
  client: JetStreamClient,
  manager: JetStreamManager,
  refresh: () => Promise<StreamInfo>,
) {
  let feed: Feed | null = null
  const drop = async () => {
    const dropped = feed
    feed = null
    if (dropped === null) return
    dropped.pull?.messages.stop()
    try {
      await manager.consumers.delete(STREAM_NAME, dropped.name)
    } catch {
      // Gone with a restarted server, or away: the server forgets it after INACTIVE_MS.
    }
  }
  const feedAt = async (position: number): Promise<Feed> => {
    if (feed?.next === position) return feed
    await drop()
    await refresh()
    const info = await orAway(() =>
      manager.consumers.add(STREAM_NAME, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(1, position),
        inactive_threshold: nanos(INACTIVE_MS),
        mem_storage: true,
      }),
    )
    const consumer = client.consumers.getConsumerFromInfo(info)
    feed = { consumer, name: info.name, next: position, delivered: 0, pull: null }
    return feed
  }
  return {
    close: drop,
    async read(from: number, max: number, waitMs: number): Promise<LogMessage[]> {
      const deadline = performance.now() + waitMs
      const found: LogMessage[] = []
      let position = from
      while (found.length < max) {
        const current = await feedAt(position)
        const left = found.length > 0 ? 0 : Math.max(0, deadline - performance.now())
        const taken = await takeOne(current, left)
        if (taken === 'nothing') break
        if (taken === 'broken') {
          await drop()
          if (found.length > 0 || left === 0) break
          await setTimeout(Math.min(RETRY_MS, left))
          continue
        }
        found.push(taken)
        position = taken.position + 1
      }
      return found
    },
  }
}

/** The next message of a feed, 'nothing' when none came in time, 'broken' when a new feed is needed. */
async function takeOne(feed: Feed, waitMs: number): Promise<LogMessage | 'nothing' | 'broken'> {
  const deadline = performance.now() + waitMs
  for (;;) {
    try {
      feed.pull ??= await startPull(feed.consumer)
      const { pull } = feed
      pull.pending ??= pull.iterator.next()
      const result = await within(pull.pending, Math.max(0, deadline - performance.now()))
      if (result === null) return 'nothing'
      pull.pending = null
      if (result.done === true) {
        // Ended by count or time: ask again.
        feed.pull = null
        if (performance.now() < pull.until) return 'broken'
        continue
      }
      const message = result.value
      feed.delivered += 1
      pull.until = 0
      if (message.info.deliverySequence !== feed.delivered || message.seq < feed.next)
        return 'broken'
      feed.next = message.seq + 1
      return toLogMessage(message)
    } catch {
      // Missed heartbeats, a consumer that is gone, a lost connection: all cured by a new feed.
      return 'broken'
    }
  }
}

async function startPull(consumer: Consumer): Promise<Pull> {
  const until = performance.now() + PULL_MS / 2
  const messages = await consumer.fetch({
    max_messages: AHEAD_MESSAGES,
    expires: PULL_MS,
    idle_heartbeat: HEARTBEAT_MS,
  })
  return { messages, iterator: messages[Symbol.asyncIterator](), pending: null, until }
}

function toLogMessage(message: JsMsg): LogMessage {
  const sentAt = Number(message.headers?.get(SENT_AT_HEADER) || Number.NaN)
  return {
    position: message.seq,
    subject: message.subject,
    id: message.headers?.get('Nats-Msg-Id') ?? '',
    payload: message.data,
    receivedAtMs: message.time.getTime(),
    sentAtMs: Number.isSafeInteger(sentAt) && sentAt >= 0 ? sentAt : null,
  }
}

/** The promise's value, or null when it takes longer. Even without time, what is there already is taken. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  if (ms <= 0) return Promise.race([promise, setImmediate(null)])
  const timer = new AbortController()
  const timeUp = setTimeout(ms, null, { signal: timer.signal }).catch(() => null)
  try {
    return await Promise.race([promise, timeUp])
  } finally {
    timer.abort()
  }
}

async function orAway<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PlimsollError('E_BUS_AWAY', `JetStream does not answer: ${reason}`, { cause: error })
  }
}
