import { randomUUID } from 'node:crypto'
import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { LEASE_STREAM_NAME, leaseSubject } from '#schemas/subjects.ts'
import { type HeldLease, type Lease, LEASE_RENEW_MS, LEASE_SILENT_MS } from './lease.ts'

/** "wrong last sequence": somebody else has written meanwhile. */
const WRONG_LAST_SEQUENCE = 10071
const NO_MESSAGE = 10037
const TIMEOUT_MS = 3000
const NOTE_CHARS_MAX = 4096

/** What is stored: who holds it, whether it was given up, and the holder's note. */
const Word = z.strictObject({
  holder: z.string().max(64),
  released: z.boolean(),
  note: z.string().max(NOTE_CHARS_MAX),
})
type Word = z.infer<typeof Word>

interface Seen {
  readonly sequence: number
  readonly word: Word | null
  /** performance.now() when this sequence was first seen. */
  readonly sinceMs: number
}

interface Parts {
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
  readonly name: string
}

/**
 * A lease on its subject of the lease stream; every word replaces the one before by compare-and-set. Rejects
 * with E_BUS_AWAY when there is no such stream yet.
 */
export async function openJetStreamLease(options: {
  readonly connection: NatsConnection
  /** A NATS token: `settle`, `shard-4-0`. */
  readonly name: string
}): Promise<Lease> {
  const { connection, name } = options
  const client = jetstream(connection, { timeout: TIMEOUT_MS })
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS })
  const parts = { client, manager, name }
  let seen: Seen | null = null
  await lastWord(parts)
  return {
    name,
    async look() {
      const before = seen
      // Forgotten when the bus is away: silence that nobody could break does not count.
      seen = null
      const found = await lastWord(parts)
      const sinceMs = before?.sequence === found.sequence ? before.sinceMs : performance.now()
      seen = { ...found, sinceMs }
      return isFree(seen)
    },
    async take() {
      if (seen === null || !isFree(seen)) return null
      const { sequence, word } = seen
      const holder = randomUUID()
      const note = word?.note ?? ''
      const takenMs = performance.now()
      const next = await put(parts, { holder, released: false, note }, sequence)
      return next === null ? null : holdLease(parts, { holder, note, sequence: next, takenMs })
    },
  }
}

const isFree = ({ word, sinceMs }: Seen) =>
  word === null || word.released || performance.now() - sinceMs >= LEASE_SILENT_MS

interface Taken {
  readonly holder: string
  readonly note: string
  readonly sequence: number
  readonly takenMs: number
}

function holdLease(parts: Parts, taken: Taken): HeldLease {
  const { holder } = taken
  let { note, sequence, takenMs: saidMs } = taken
  let isLost = false
  let isDone = false
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>()
  let queue: Promise<void> = Promise.resolve()

  const say = async (released: boolean, text: string) => {
    if (isLost) throw leaseLost(parts.name)
    const startedMs = performance.now()
    const word = { holder, released, note: text }
    let next = await put(parts, word, sequence)
    if (next === null) {
      // Either somebody else, or an earlier word of ours whose acknowledgement was not seen.
      const found = await lastWord(parts)
      if (found.word?.holder === holder) next = await put(parts, word, found.sequence)
    }
    if (next === null) {
      isLost = true
      clearInterval(renewing)
      lose()
      throw leaseLost(parts.name)
    }
    sequence = next
    note = text
    saidMs = startedMs
  }
  /** One at a time: each word names the sequence of the one before. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = queue.then(work)
    queue = done.catch(() => undefined)
    return done
  }
  let isRenewing = false
  const renewing = setInterval(() => {
    if (isRenewing) return
    isRenewing = true
    // While the bus is away it is said again at the next turn; a loss is told by `lost`.
    void inTurn(() => say(false, note))
      .catch(() => undefined)
      .finally(() => (isRenewing = false))
  }, LEASE_RENEW_MS)
  return {
    get note() {
      return note
    },
    // The one who waits counts from the moment it heard the last word, which is later than this one.
    isHeld: () => !isLost && !isDone && performance.now() - saidMs < LEASE_SILENT_MS,
    write: (text) => inTurn(() => say(false, text)),
    lost,
    async release() {
      if (isDone) return
      isDone = true
      clearInterval(renewing)
      // Not told when the bus is away: the next one waits for the silence.
      await inTurn(() => say(true, note)).catch(() => undefined)
    },
  }
}

/** Stores a word when `previous` is still the last sequence of the subject; null when it is not. */
async function put({ client, name }: Parts, word: Word, previous: number): Promise<number | null> {
  try {
    const { seq } = await client.publish(leaseSubject(name), JSON.stringify(word), {
      expect: { streamName: LEASE_STREAM_NAME, lastSubjectSequence: previous },
    })
    return seq
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) return null
    throw away(error)
  }
}

async function lastWord({
  manager,
  name,
}: Parts): Promise<{ sequence: number; word: Word | null }> {
  try {
    const query = { last_by_subj: leaseSubject(name) }
    const message = await manager.streams.getMessage(LEASE_STREAM_NAME, query)
    if (message === null) return { sequence: 0, word: null }
    const text = Buffer.from(message.data).toString('utf8')
    return { sequence: message.seq, word: Word.parse(JSON.parse(text)) }
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE)
      return { sequence: 0, word: null }
    throw away(error)
  }
}

const leaseLost = (name: string) =>
  new PlimsollError('E_LEASE_LOST', `another ingest process has taken over ${name} from this one`)

function away(error: unknown): PlimsollError {
  if (error instanceof PlimsollError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new PlimsollError(
    'E_BUS_AWAY',
    `the stream ${LEASE_STREAM_NAME} (plimsoll migrate makes it) does not answer: ${reason}`,
    { cause: error },
  )
}
