import { randomUUID } from 'node:crypto'
import {
  jetstream,
  type JetStreamClient,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import { JOURNAL_STREAM_NAME, JOURNAL_SUBJECT } from '#schemas/subjects.ts'
import {
  decodeChange,
  encodeChange,
  JOURNAL_READ_BYTES_MAX,
  journalAway,
  journalChanged,
} from './journal-record.ts'

/** "wrong last sequence": the stream's last message is not the one that was expected. */
const WRONG_LAST_SEQUENCE = 10071
const NO_MESSAGE = 10037
const TIMEOUT_MS = 5000
/** Together far below the duplicate window, in which the server knows an id again. */
const ATTEMPTS = 3
/** Messages asked for at a time. */
const READ_AT_ONCE = 16
const ID_HEADER = 'Nats-Msg-Id'

interface Bus {
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
}

/**
 * The journal of the separate set: a stream that keeps every message for ever, one message an entry; the entry's
 * sequence is the stream's. Uses MSG.GET and INFO of that one stream and publishes on its one subject.
 */
export async function openJetStreamJournal(options: {
  readonly connection: NatsConnection
  /** How long the server may take for one answer, ms; default 5 s. */
  readonly timeoutMs?: number
}): Promise<Journal> {
  const { connection, timeoutMs = TIMEOUT_MS } = options
  const client = jetstream(connection, { timeout: timeoutMs })
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs })
  const bus = { client, manager }
  return {
    async append(change, { expectedLast } = {}) {
      const bytes = encodeChange(change)
      return { ...change, sequence: await publish(bus, bytes, expectedLast) }
    },
    readFrom: (sequence, limit) => readFrom(manager, Math.max(1, sequence), limit),
    async last() {
      try {
        return (await manager.streams.info(JOURNAL_STREAM_NAME)).state.last_seq
      } catch (error) {
        throw away(error)
      }
    },
  }
}

/** Publishes under one id until the server has said where the entry is, or why it is nowhere. */
async function publish(
  { client, manager }: Bus,
  bytes: Uint8Array,
  expectedLast: number | undefined,
): Promise<number> {
  const msgID = randomUUID()
  const expect = {
    streamName: JOURNAL_STREAM_NAME,
    ...(expectedLast === undefined ? {} : { lastSequence: expectedLast }),
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await client.publish(JOURNAL_SUBJECT, bytes, { msgID, expect })).seq
    } catch (error) {
      if (isWrongLast(error) && expectedLast !== undefined) {
        // Either somebody else, or an attempt of ours whose acknowledgement was lost.
        const next = expectedLast + 1
        const stored = await messageAt(manager, next)
        if (attempt > 1 && stored?.header.get(ID_HEADER) === msgID) return next
        throw journalChanged(expectedLast)
      }
      if (error instanceof JetStreamApiError || attempt === ATTEMPTS) throw away(error)
    }
  }
}

const isWrongLast = (error: unknown) =>
  error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE

async function readFrom(
  manager: JetStreamManager,
  sequence: number,
  limit: number,
): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = []
  let bytes = 0
  for (let at = sequence; entries.length < limit && bytes < JOURNAL_READ_BYTES_MAX;) {
    const wanted = Math.min(READ_AT_ONCE, limit - entries.length)
    const asked = Array.from({ length: wanted }, (_, index) => messageAt(manager, at + index))
    for (const message of await Promise.all(asked)) {
      if (message === null) return entries
      entries.push(decodeChange(message.data, message.seq, `stream ${JOURNAL_STREAM_NAME}`))
      bytes += message.data.length
    }
    at += wanted
  }
  return entries
}

async function messageAt(manager: JetStreamManager, sequence: number) {
  try {
    return await manager.streams.getMessage(JOURNAL_STREAM_NAME, { seq: sequence })
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return null
    throw away(error)
  }
}

function away(error: unknown): PlimsollError {
  if (error instanceof PlimsollError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return journalAway(`NATS does not answer as it should: ${reason}`, error)
}
