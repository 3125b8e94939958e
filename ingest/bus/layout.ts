import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { headers, type NatsConnection, RequestError } from '@nats-io/transport-node'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import {
  eventsSubject,
  isTelemetryStream,
  type ShardPlace,
  shardOf,
  shardStreamName,
  telemetrySubject,
} from '#schemas/subjects.ts'
import { openJetStreamIntents } from './jetstream-intents.ts'

const ASK_MS = 3000
/** No cluster of a site may have this name; nothing is ever stored under it. */
const PROBE_CLUSTER = 'plimsoll-probe'
/** A stream that cannot exist: the server that would store the probe refuses it, and says where it is. */
const NO_STREAM = 'plimsoll-no-stream'

const Refusal = z.object({ stream: z.string() })

/** The lines for the configuration of every server that collectors connect to; none for one shard. */
export function mappingText(shards: number): string {
  const line = (kind: string) =>
    `  "${kind}.v1.*.*": "ingest.${shards}.{{partition(${shards},2)}}.${kind}.v1.{{wildcard(1)}}.{{wildcard(2)}}"`
  return `mappings = {\n${line('telemetry')}\n${line('events')}\n}`
}

/**
 * Refuses with E_CONFIG_INVALID when the server puts collectors into other streams than this number of shards
 * has. Asked by messages that no stream may take (expected stream: none of that name): JetStream's refusal
 * names the stream, and nothing is stored. With one shard, a server that does not answer is believed; else
 * E_BUS_AWAY.
 */
export async function checkMapping(connection: NatsConnection, shards: number): Promise<void> {
  const probes = probeNames(shards).flatMap((name) => [
    { name, subject: telemetrySubject(PROBE_CLUSTER, name) },
    { name, subject: eventsSubject(PROBE_CLUSTER, name) },
  ])
  const answers = await Promise.all(
    probes.map(async ({ name, subject }) => ({
      subject,
      wanted: shardStreamName({ shard: shardOf(name, shards), shards }),
      found: await streamOf(connection, subject, shards),
    })),
  )
  const isWrong = ({ wanted, found }: (typeof answers)[number]) =>
    found !== wanted && !(shards === 1 && found === null)
  const wrong = answers.find(isWrong)
  if (wrong === undefined) return
  const found = wrong.found === null ? 'no stream' : `stream ${wrong.found}`
  throw new PlimsollError(
    'E_CONFIG_INVALID',
    `the NATS server puts ${wrong.subject} into ${found}; with ${shards} shard${shards === 1 ? '' : 's'} it belongs into ${wrong.wanted}. ` +
      (shards === 1
        ? 'Remove the mappings of telemetry.v1 and events.v1 from its configuration, or set PLIMSOLL_SHARDS to their number'
        : `Run plimsoll migrate with PLIMSOLL_SHARDS=${shards}, put this into the configuration of the server (inside its account, where it has accounts) and reload it:\n${mappingText(shards)}`),
  )
}

/** Two names for each shard. */
function probeNames(shards: number): string[] {
  const names: string[] = []
  const left = new Map(Array.from({ length: shards }, (_, shard) => [shard, 2]))
  for (let n = 0; left.size > 0; n += 1) {
    const name = `probe-${n}`
    const shard = shardOf(name, shards)
    const wanted = left.get(shard)
    if (wanted === undefined) continue
    names.push(name)
    if (wanted > 1) left.set(shard, wanted - 1)
    else left.delete(shard)
  }
  return names
}

/**
 * The stream that would take a message on this subject, or null when there is none. Rejects with E_BUS_AWAY when
 * that is not said in time; with one shard that counts as none, as nothing of the mapping is needed there.
 */
async function streamOf(
  connection: NatsConnection,
  subject: string,
  shards: number,
): Promise<string | null> {
  const sent = headers()
  sent.set('Nats-Expected-Stream', NO_STREAM)
  try {
    const answer = await connection.request(subject, '', { headers: sent, timeout: ASK_MS })
    return Refusal.parse(JSON.parse(Buffer.from(answer.data).toString('utf8'))).stream
  } catch (cause) {
    if (shards === 1 || isNobody(cause)) return null
    throw new PlimsollError(
      'E_BUS_AWAY',
      `the NATS server does not say which stream takes ${subject}: it elects a leader, or this user may not publish there`,
      { cause },
    )
  }
}

/** No stream listens on the subject. */
const isNobody = (error: unknown) => error instanceof RequestError && error.isNoResponders()

/**
 * Refuses with E_SHARDS_CHANGED while streams of another number of shards hold batches that were not read:
 * what reads them must end first, or the same collector would be at work in two shards.
 */
export async function checkDrained(
  connection: NatsConnection,
  shards: number,
  logger: Logger,
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ASK_MS })
  for (const place of await otherPlaces(manager, shards, logger)) {
    const unread = await unreadOf(connection, manager, place)
    if (unread === 0) continue
    throw new PlimsollError(
      'E_SHARDS_CHANGED',
      `stream ${shardStreamName(place)} holds ${unread} messages that the ${place.shards} ` +
        `shard${place.shards === 1 ? '' : 's'} of before have not stored: run plimsoll ingest with ` +
        `PLIMSOLL_SHARDS=${place.shards} until its lag is 0, then start with ${shards}`,
    )
  }
}

async function otherPlaces(
  manager: JetStreamManager,
  shards: number,
  logger: Logger,
): Promise<ShardPlace[]> {
  const places: ShardPlace[] = []
  try {
    for await (const name of manager.streams.names()) {
      const [, count, shard] = /_(\d+)_(\d+)$/.exec(name) ?? [name, '1', '0']
      const place = { shard: Number(shard), shards: Number(count) }
      if (isTelemetryStream(name) && place.shards !== shards) places.push(place)
    }
  } catch (error) {
    logger.warn('this user may not list streams: nobody looks for unread ones of other shards', {
      reason: error instanceof Error ? error.message : String(error),
    })
  }
  return places
}

async function unreadOf(
  connection: NatsConnection,
  manager: JetStreamManager,
  place: ShardPlace,
): Promise<number> {
  const name = shardStreamName(place)
  const { created, state } = await manager.streams.info(name)
  if (state.messages === 0) return 0
  const intent = await (await openJetStreamIntents({ connection, ...place })).last()
  const isOfStream = intent?.epoch.split('#')[0] === `${name}:${created}`
  const readUntil = Math.max(isOfStream ? intent.last : 0, state.first_seq - 1)
  return Math.max(0, state.last_seq - readUntil)
}
