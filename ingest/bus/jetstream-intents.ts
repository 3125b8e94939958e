import { randomUUID } from 'node:crypto'
import {
  jetstream,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { PlimsollError } from '#schemas/errors.ts'
import { INTENT_STREAM_NAME, intentSubject, type ShardPlace } from '#schemas/subjects.ts'
import {
  decodeIntent,
  encodeIntent,
  type Intent,
  type IntentStore,
  intentTaken,
} from './intents.ts'

/** "wrong last sequence": the subject's last message is not the one that was expected. */
const WRONG_LAST_SEQUENCE = 10071
const NO_MESSAGE = 10037
const TIMEOUT_MS = 5000

/**
 * Intents of one shard on its subject of the intent stream; revision = stream sequence. Each number of shards
 * has subjects of its own, so that what one layout has read can be told while another one is at work.
 */
export async function openJetStreamIntents(options: {
  readonly connection: NatsConnection
  readonly shard: number
  /** Default 1. */
  readonly shards?: number
}): Promise<IntentStore> {
  const { connection, shard, shards = 1 } = options
  const place = { shard, shards }
  const client = jetstream(connection, { timeout: TIMEOUT_MS })
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS })
  const writer = randomUUID()
  return {
    last: async () => (await lastOf(manager, place))?.intent ?? null,
    async write(body, previous) {
      const bytes = encodeIntent(body, writer)
      try {
        const { seq } = await client.publish(intentSubject(place), bytes, {
          expect: {
            streamName: INTENT_STREAM_NAME,
            lastSubjectSequence: previous?.revision ?? 0,
          },
        })
        return { ...body, revision: seq }
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || error.code !== WRONG_LAST_SEQUENCE)
          throw away(error)
        // Either another worker, or this one repeating a write whose acknowledgement it did not see.
        const stored = await lastOf(manager, place)
        if (stored !== null && Buffer.compare(stored.bytes, bytes) === 0) return stored.intent
        throw intentTaken(shard)
      }
    },
  }
}

async function lastOf(
  manager: JetStreamManager,
  place: ShardPlace,
): Promise<{ intent: Intent; bytes: Uint8Array } | null> {
  const query = { last_by_subj: intentSubject(place) }
  try {
    const message = await manager.streams.getMessage(INTENT_STREAM_NAME, query)
    if (message === null) return null
    const { writer: _, ...intent } = decodeIntent(message.data)
    return { intent: { ...intent, revision: message.seq }, bytes: message.data }
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return null
    throw away(error)
  }
}

function away(error: unknown): PlimsollError {
  if (error instanceof PlimsollError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new PlimsollError('E_BUS_AWAY', `the intent stream does not answer: ${reason}`, {
    cause: error,
  })
}
