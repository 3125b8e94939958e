import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import { BATCH_LIMITS } from '#schemas/batch.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import {
  CONTROL_STATE_SUBJECT,
  CONTROL_STREAM_NAME,
  INTENT_STREAM_NAME,
  JOURNAL_STREAM_NAME,
  JOURNAL_SUBJECT,
  LEASE_STREAM_NAME,
  leaseSubject,
  ONE_SHARD,
  type ShardPlace,
  shardPrefix,
  shardStreamName,
} from '#schemas/subjects.ts'

/** Older servers lack what the log needs, or were never tried. */
const OLDEST_SERVER = '2.9.10'
/** Older servers have known holes and lost acknowledged messages in power cuts (nats-server #7549, #7564). */
const OLDEST_PRODUCTION_SERVER = '2.12.7'

const DUPLICATE_WINDOW_MS = 120_000
/** Smaller, a stream would turn every pause of ingest into waiting collectors. */
const STREAM_BYTES_MIN = 2 ** 30
/** JetStream's error code JSStorageResourcesExceededErr. */
const OUT_OF_ROOM = 10_047
/** Intents kept per shard: the last one counts, the others are for a person who looks. */
const INTENTS_KEPT = 16
/** States of orders kept: who changed what lately. */
const STATES_KEPT = 64

export interface StreamLimits {
  /** How long messages wait for ingest; at least the duplicate window of 2 min. */
  readonly maxAgeMs: number
  /** Bound on disk of all shards together; a full stream refuses and the spools hold the data. */
  readonly maxBytes: number
  /** Copies of each stream, 1 to 5; absent = one for a new stream, and an existing one keeps what it has. */
  readonly replicas?: number
  /** Telemetry streams, by collector; default 1. More need the server's mapping, see docs/scaling.md. */
  readonly shards?: number
  /** JetStream domains of leaf servers whose telemetry streams (same shards) are copied into these. */
  readonly leafDomains?: readonly string[]
}

type Config = Partial<StreamConfig> & { readonly name: string }

/**
 * Refuses a server that is too old or has no JetStream with E_BUS_TOO_OLD; warns once about one that works
 * but should not hold production data.
 */
export function checkServer(connection: NatsConnection, logger: Logger): void {
  const { info } = connection
  const version = info?.version ?? '0'
  if (isOlder(version, OLDEST_SERVER))
    throw new PlimsollError(
      'E_BUS_TOO_OLD',
      `nats-server ${version} is too old: ${OLDEST_SERVER} is the oldest that works, ${OLDEST_PRODUCTION_SERVER} the oldest for production`,
    )
  if (info?.jetstream !== true)
    throw new PlimsollError(
      'E_BUS_TOO_OLD',
      `nats-server ${version} runs without JetStream: start it with -js or a jetstream block in its configuration`,
    )
  if (isOlder(version, OLDEST_PRODUCTION_SERVER))
    logger.warn(
      'this nats-server is good for tests only: messages survive its crash but not a power cut (the spools then send them again), and it lacks security fixes',
      { version, recommended: OLDEST_PRODUCTION_SERVER },
    )
}

/** Compares the numbers of two versions; a pre-release counts as its release. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) =>
    (/^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1, 4).map(Number)
  const [a, b] = [numbers(version), numbers(than)]
  for (const [index, wanted] of b.entries()) {
    const found = a[index] ?? 0
    if (found !== wanted) return found < wanted
  }
  return false
}

/** The stream of one shard's telemetry and events: refuses when full, deletes by age only. */
export function telemetryStream(limits: StreamLimits, place: ShardPlace = ONE_SHARD): Config {
  const { maxAgeMs, maxBytes, replicas, leafDomains = [] } = limits
  const name = shardStreamName(place)
  const sources = leafDomains.map((domain) => ({ name, external: { api: `$JS.${domain}.API` } }))
  return {
    ...LOG,
    name,
    subjects: place.shards === 1 ? ['telemetry.v1.>', 'events.v1.>'] : [`${shardPrefix(place)}>`],
    discard: DiscardPolicy.New,
    max_age: nanos(maxAgeMs),
    max_bytes: Math.floor(maxBytes / place.shards),
    max_msg_size: BATCH_LIMITS.bytes + 4096,
    duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, maxAgeMs)),
    ...copies(replicas),
    ...(sources.length === 0 ? {} : { sources }),
  }
}

/** The stream of intents, one subject per shard. */
export function intentStream(replicas?: number): Config {
  return {
    ...LOG,
    name: INTENT_STREAM_NAME,
    subjects: ['intent.v1.*'],
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: INTENTS_KEPT,
    ...copies(replicas),
  }
}

/** The stream of leases: who works on what; only the last word of each counts. */
export function leaseStream(replicas?: number): Config {
  return {
    ...LOG,
    name: LEASE_STREAM_NAME,
    subjects: [leaseSubject('*')],
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    ...copies(replicas),
  }
}

/** The stream of orders to collectors: whole states, the last one counts. */
export function controlStream(replicas?: number): Config {
  return {
    ...LOG,
    name: CONTROL_STREAM_NAME,
    subjects: [CONTROL_STATE_SUBJECT],
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: STATES_KEPT,
    ...copies(replicas),
  }
}

/** The stream of the journal: every entry for ever, because it is the truth and tables only mirror it. */
export function journalStream(replicas?: number): Config {
  return {
    ...LOG,
    name: JOURNAL_STREAM_NAME,
    subjects: [JOURNAL_SUBJECT],
    discard: DiscardPolicy.New,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    ...copies(replicas),
  }
}

const copies = (replicas: number | undefined): Pick<Config, 'num_replicas'> =>
  replicas === undefined ? {} : { num_replicas: replicas }

const LOG = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  deny_delete: true,
  deny_purge: true,
  allow_rollup_hdrs: false,
} as const satisfies Partial<StreamConfig>

/**
 * Creates what is missing, adapts limits that may change, reads both streams back and compares: servers
 * ignore options they do not know. Throws E_CONFIG_INVALID naming what differs.
 */
export async function ensureStreams(
  connection: NatsConnection,
  limits: StreamLimits,
  logger: Logger,
): Promise<void> {
  checkServer(connection, logger)
  try {
    const manager = await jetstreamManager(connection)
    const { shards = 1 } = limits
    for (let shard = 0; shard < shards; shard += 1)
      await ensureFitting(manager, limits, { shard, shards }, logger)
    await ensureStream(manager, intentStream(limits.replicas))
    await ensureStream(manager, leaseStream(limits.replicas))
    await ensureStream(manager, controlStream(limits.replicas))
    await ensureStream(manager, journalStream(limits.replicas))
  } catch (error) {
    if (error instanceof PlimsollError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new PlimsollError('E_BUS_AWAY', `JetStream refuses or does not answer: ${reason}`, {
      cause: error,
    })
  }
}

/** As large as the server lets it be: by default it offers three quarters of what its disk has free. */
async function ensureFitting(
  manager: JetStreamManager,
  limits: StreamLimits,
  place: ShardPlace,
  logger: Logger,
): Promise<void> {
  for (let maxBytes = limits.maxBytes; ; maxBytes = Math.floor(maxBytes / 2)) {
    try {
      await ensureStream(manager, telemetryStream({ ...limits, maxBytes }, place))
    } catch (error) {
      if (isOutOfRoom(error) && maxBytes / 2 >= STREAM_BYTES_MIN) continue
      throw error
    }
    if (maxBytes < limits.maxBytes)
      logger.warn('the NATS server has less room than wanted: collectors wait the sooner', {
        stream: shardStreamName(place),
        wanted_bytes: Math.floor(limits.maxBytes / place.shards),
        stream_bytes: Math.floor(maxBytes / place.shards),
      })
    return
  }
}

/** `insufficient storage resources`, also where it is what an update was refused for. */
function isOutOfRoom(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === OUT_OF_ROOM
  return error instanceof PlimsollError && isOutOfRoom(error.cause)
}

async function ensureStream(manager: JetStreamManager, wanted: Config): Promise<void> {
  const found = await streamConfig(manager, wanted.name)
  if (found === null) await manager.streams.add(wanted)
  else if (differences(wanted, found).length > 0) {
    try {
      await manager.streams.update(wanted.name, wanted)
    } catch (error) {
      throw mismatch(wanted.name, differences(wanted, found), error)
    }
  }
  const different = differences(wanted, (await streamConfig(manager, wanted.name)) ?? {})
  if (different.length > 0) throw mismatch(wanted.name, different)
}

async function streamConfig(
  manager: JetStreamManager,
  name: string,
): Promise<Partial<StreamConfig> | null> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return null
    throw error
  }
}

function differences(wanted: Config, found: Partial<StreamConfig>): string[] {
  const values = new Map<string, unknown>(Object.entries(found))
  return Object.entries(wanted).flatMap(([key, value]) => {
    const actual = values.get(key) ?? (value === false ? false : undefined)
    if (key === 'sources' && sourceNames(found) === sourceNames(wanted)) return []
    return JSON.stringify(actual) === JSON.stringify(value)
      ? []
      : [`${key} is ${JSON.stringify(actual)}, needs ${JSON.stringify(value)}`]
  })
}

/** Servers add fields of their own to a source. */
const sourceNames = ({ sources = [] }: Partial<StreamConfig>) =>
  sources.map(({ name, external }) => `${external?.api}/${name}`).join()

const mismatch = (stream: string, different: readonly string[], cause?: unknown) =>
  new PlimsollError(
    'E_CONFIG_INVALID',
    `stream ${stream} is not as it must be: ${different.join('; ')}; correct it with the nats tool or remove it`,
    { cause },
  )
