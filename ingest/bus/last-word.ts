import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { LEASE_STREAM_NAME, leaseSubject } from '#schemas/subjects.ts'

const TIMEOUT_MS = 3_000

/**
 * Reads what was said last on a name of the lease stream, as text; null = nothing was. Rejects while the bus is away, or
 * where this user may not ask.
 */
export async function lastWordReader(
  connection: NatsConnection,
  name: string,
): Promise<() => Promise<string | null>> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS })
  return async () => {
    const query = { last_by_subj: leaseSubject(name) }
    const message = await manager.streams.getMessage(LEASE_STREAM_NAME, query)
    return message === null ? null : Buffer.from(message.data).toString('utf8')
  }
}
