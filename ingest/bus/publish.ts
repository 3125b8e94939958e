import { type JetStreamClient, JetStreamApiError } from '@nats-io/jetstream'
import { headers } from '@nats-io/transport-node'
import { PlimsollError } from '#schemas/errors.ts'
import type { OutgoingMessage } from '#schemas/ports.ts'
import { isTelemetryStream, SENT_AT_HEADER } from '#schemas/subjects.ts'

/** "maximum messages/bytes exceeded" of a stream that refuses new messages. */
const STREAM_FULL_CODES = [10077, 10122]

/**
 * Publishes into the stream and resolves with the sequence the server acknowledged; for an id it knows,
 * that of the first copy. Uses a plain request on the subject, nothing of the JetStream API. Rejects with
 * E_BUS_AWAY when no acknowledgement came: the message may still be there, so send it again under its id.
 */
export async function publishMessage(
  client: JetStreamClient,
  message: OutgoingMessage,
  sentAtMs: number,
): Promise<number> {
  const sent = headers()
  sent.set(SENT_AT_HEADER, String(sentAtMs))
  try {
    const { seq, stream } = await client.publish(message.subject, message.payload, {
      msgID: message.id,
      headers: sent,
    })
    // Which of the shards it is, the server decides; nobody else's stream will do.
    if (!isTelemetryStream(stream)) throw new Error(`stream ${stream} took it`)
    return seq
  } catch (error) {
    const isFull = error instanceof JetStreamApiError && STREAM_FULL_CODES.includes(error.code)
    const reason = error instanceof Error ? error.message : String(error)
    throw new PlimsollError(
      'E_BUS_AWAY',
      isFull ? 'the stream is full: ingest is behind' : `not acknowledged: ${reason}`,
      { cause: error },
    )
  }
}
