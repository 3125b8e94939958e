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
import type { StreamFill } from '#schemas/pipeline-report.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import {
  ONE_SHARD,
  SENT_AT_HEADER,
  type ShardPlace,
  shardOf,
  shardPrefix,
  shardStreamName,
} from '#schemas/subjects.ts'
import type { Log, LogMessage } from './log.ts'
import { publishMessage } from './publish.ts'
import { checkServer } from './streams.ts'

export interface JetStreamLogOptions {
  /** The caller's; not closed with the log. The stream must exist: see ensureStreams. */
  readonly connection: NatsConnection
  readonly logger: Logger
  readonly now?: Clock
  /** Which of how many streams; default the only one. */
  readonly place?: ShardPlace
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
/**
 * A server of a cluster that has just become leader may not have caught up: a stream that seems to have lost
 * its tail is asked again for so long before it is believed.
 */
const BELIEVE_SHORTER_MS = 10_000
/** A server puts it on a message it copied from another stream, whose time of receipt is then lost. */
const SOURCE_HEADER = 'Nats-Stream-Source'

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
  const { connection, logger, now = Date.now, place = ONE_SHARD } = options
  const stream = shardStreamName(place)
  checkServer(connection, logger)
  const client = jetstream(connection, { timeout: ACK_TIMEOUT_MS })
  const manager = await jetstreamManager(connection, { checkAPI: false })
  let epoch = ''
  let newest = 0
  let fill: StreamFill | null = null
  const refresh = async (): Promise<StreamInfo> => {
    const untilMs = performance.now() + BELIEVE_SHORTER_MS
    for (;;) {
      const info = await orAway(() => manager.streams.info(stream))
      const found = `${stream}:${info.created}`
      const isShorter = found === epoch && info.state.last_seq < newest
      if (isShorter && info.cluster !== undefined && performance.now() < untilMs) {
        await setTimeout(RETRY_MS)
        continue
      }
      epoch = found
      newest = info.state.last_seq
      fill = fillOf(info)
      return info
    }
  }
  await refresh()
  const reader = streamReader({ client, manager, stream, refresh, read: messageReader(place) })
  return {
    epoch: () => epoch,
    fill: () => fill,
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

function fillOf({ config, state }: StreamInfo): StreamFill {
  const oldestMs = Date.parse(state.first_ts)
  return {
    name: config.name,
    messages: state.messages,
    bytes: state.bytes,
    max_bytes: config.max_bytes > 0 ? config.max_bytes : null,
    // An empty stream has the year 1, or the time its last message went.
    oldest_ms: state.messages === 0 || !(oldestMs > 0) ? null : oldestMs,
  }
}

interface ReaderParts {
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
  readonly stream: string
  readonly refresh: () => Promise<StreamInfo>
  readonly read: (message: JsMsg) => LogMessage
}

function streamReader({ client, manager, stream, refresh, read }: ReaderParts) {
  let feed: Feed | null = null
  const drop = async () => {
    const dropped = feed
    feed = null
    if (dropped === null) return
    dropped.pull?.messages.stop()
    try {
      await manager.consumers.delete(stream, dropped.name)
    } catch {
      // Gone with a restarted server, or away: the server forgets it after INACTIVE_MS.
    }
  }
  const feedAt = async (position: number): Promise<Feed> => {
    if (feed?.next === position) return feed
    await drop()
    await refresh()
    const info = await orAway(() =>
      manager.consumers.add(stream, {
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
        const taken = await takeOne(current, left, read)
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
async function takeOne(
  feed: Feed,
  waitMs: number,
  read: ReaderParts['read'],
): Promise<LogMessage | 'nothing' | 'broken'> {
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
      return read(message)
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

/**
 * What a stored message says. A collector may only be in the shard that the server's mapping puts it into: a
 * message elsewhere keeps its mapped subject, which no reader takes for a collector's, and goes to quarantine.
 */
function messageReader(place: ShardPlace): (message: JsMsg) => LogMessage {
  const prefix = shardPrefix(place)
  const plainSubject = (subject: string) => {
    if (prefix === '' || !subject.startsWith(prefix)) return subject
    const plain = subject.slice(prefix.length)
    const collector = plain.slice(plain.lastIndexOf('.') + 1)
    return shardOf(collector, place.shards) === place.shard ? plain : subject
  }
  return (message) => {
    const receivedAtMs = message.time.getTime()
    const said = Number(message.headers?.get(SENT_AT_HEADER) || Number.NaN)
    // Copied from a leaf's stream, perhaps after hours: late, and a clock behind cannot be told from that.
    const isCopied = message.headers?.has(SOURCE_HEADER) === true && said <= receivedAtMs
    return {
      position: message.seq,
      subject: plainSubject(message.subject),
      id: message.headers?.get('Nats-Msg-Id') ?? '',
      payload: message.data,
      receivedAtMs,
      sentAtMs: Number.isSafeInteger(said) && said >= 0 && !isCopied ? said : null,
    }
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
