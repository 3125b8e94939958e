import { join } from 'node:path'
import { connectBus } from '../ingest/bus/connect.ts'
import { checkDrained, checkMapping } from '../ingest/bus/layout.ts'
import type { Lease } from '../ingest/bus/lease.ts'
import { openJetStreamLease } from '../ingest/bus/jetstream-lease.ts'
import { openDirectLog } from '../ingest/bus/direct-log.ts'
import type { DirectBus } from '../ingest/bus/direct-publisher.ts'
import { openFileIntents } from '../ingest/bus/file-intents.ts'
import { openJetStreamIntents } from '../ingest/bus/jetstream-intents.ts'
import { openJetStreamLog } from '../ingest/bus/jetstream-log.ts'
import type { DirectSpool } from '../ingest/bus/log.ts'
import { ensureStreams, type StreamLimits } from '../ingest/bus/streams.ts'
import { openNatsWatermarks } from '../ingest/bus/watermarks.ts'
import { createDiskGuard, folderPlace, serverPlace } from '../ingest/disk-guard.ts'
import { createIngest, type Ingest } from '../ingest/ingest.ts'
import { fileRepairs, storeRepairs } from '../ingest/settle/repair-queues.ts'
import {
  applyRetention,
  DEFAULT_RETENTION,
  parseRetention,
  rawRetentionMs,
} from '../ingest/store/retention.ts'
import { connectStore, type Store } from '../ingest/store/store.ts'
import type { ShardHandle } from '../ingest/worker/ports.ts'
import { DEFAULT_TIME_LIMITS } from '../ingest/worker/read-message.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Logger } from '#schemas/role.ts'
import { shardOf } from '#schemas/subjects.ts'
import { countBuffersAsHeap } from './ingest-heap.ts'
import { lazyRole } from './lazy-role.ts'
import { siteModels } from './models.ts'
import { repairsPath, type Settings } from './settings.ts'
import type { StoreAccess } from './store.ts'
import { VERSION } from './version.ts'

/** How long the bus keeps what ingest has not read, and how much: beyond it collectors keep it. */
export const STREAM_LIMITS: StreamLimits = { maxAgeMs: 6 * 3_600_000, maxBytes: 40 * 2 ** 30 }

/** Shards an ingest process reads, and what to close after it stopped. */
export interface Shards {
  readonly handles: readonly ShardHandle[]
  close(): Promise<void>
}

export interface IngestServiceOptions {
  readonly settings: Settings
  readonly store: StoreAccess
  readonly log: Logger
  openShards(): Promise<Shards>
  /** Older data leaves by its table's rule; off in the demo, whose history is made anew each time. */
  readonly retention: boolean
  /** Minutes before this, epoch ms, are settled by somebody else (the demo's history). */
  readonly settleFromMs?: number
  /** The right to settle, once the process works: set where several processes fill one store. */
  readonly settling?: () => Lease
  /** What people change, opened by a role that starts before. */
  readonly openJournal?: () => Promise<Journal>
}

/** The ingest role over the given shards; built when it starts. */
export function ingestService(options: IngestServiceOptions) {
  const { settings, store: access, log } = options
  // A retention that cannot be ends the start, before anything is opened.
  const retention =
    settings.retention === undefined ? DEFAULT_RETENTION : parseRetention(settings.retention)
  return lazyRole<Ingest>('ingest', async () => {
    countBuffersAsHeap()
    const models = await siteModels(settings.modelsFile)
    const store = connectStore(access.connection())
    if (options.retention) await applyRetention(store, retention)
    const shards = await options.openShards()
    const settle = {
      timeZone: settings.timeZone,
      delayMs: settings.settleDelaySeconds * 1000,
      // A minute without its raw samples would be settled again as unknown.
      ...(options.retention ? { rawRetentionMs: rawRetentionMs(retention) } : {}),
      ...(options.settleFromMs === undefined ? {} : { earliestMs: options.settleFromMs }),
    }
    const journal = await options.openJournal?.()
    const role = createIngest({
      store,
      ...(journal === undefined ? {} : { journal }),
      shards: shards.handles,
      log,
      models,
      disk: diskGuard(settings, store, log),
      repairs:
        settings.clickhouseUrl === undefined
          ? fileRepairs(repairsPath(settings.dataDir))
          : storeRepairs(store),
      ...(options.settling === undefined
        ? {}
        : { peers: { settling: options.settling(), isAlone: readsAll(settings) } }),
      process: { version: VERSION },
      options: {
        settle,
        // What is older is not settled again: it is told as refused instead of stored for nothing.
        ...(options.retention
          ? { timeLimits: { ...DEFAULT_TIME_LIMITS, maxAgeMs: rawRetentionMs(retention) } }
          : {}),
        ...(settings.statusSeconds === undefined
          ? {}
          : { reportEveryMs: settings.statusSeconds * 1000 }),
      },
    })
    const close = async () => {
      await shards.close()
      await store.close()
    }
    return { role, close }
  })
}

/** Whatever ingest fills: a server says itself how full its disks are; the rest lies in the data folder. */
function diskGuard({ clickhouseUrl, natsUrl, dataDir }: Settings, store: Store, log: Logger) {
  const server = clickhouseUrl === undefined ? [] : [serverPlace(store)]
  const engine =
    clickhouseUrl === undefined ? [folderPlace("the engine's disk", join(dataDir, 'engine'))] : []
  // With a server and a bus of their own, ingest keeps nothing here.
  const isOurs = clickhouseUrl === undefined || natsUrl === undefined
  const data = isOurs ? [folderPlace('the disk of the data folder', dataDir)] : []
  return createDiskGuard({ places: [...server, ...engine, ...data], log })
}

/**
 * Streams of a NATS server, as many as the settings say. `create` also makes them; otherwise `migrate` did.
 * Throws E_CONFIG_INVALID or E_SHARDS_CHANGED when the server does not fit the number of shards.
 */
export async function jetStreamShards(
  settings: Settings & { natsUrl: string },
  log: Logger,
  create: boolean,
): Promise<Shards> {
  const { shards } = settings
  const connection = await busConnection(settings, 'plimsoll ingest')
  try {
    if (create) await ensureStreams(connection, streamLimits(settings), log)
    await checkMapping(connection, shards)
    await checkDrained(connection, shards, log)
    const watermarks = openNatsWatermarks({ connection })
    const handles = await Promise.all(
      ownShards(settings).map(async (shard) => ({
        shard,
        name: `jetstream-${shard}`,
        log: await openJetStreamLog({ connection, logger: log, place: { shard, shards } }),
        intents: await openJetStreamIntents({ connection, shard, shards }),
        owns: (collector: string) => shardOf(collector, shards) === shard,
        watermarks,
      })),
    )
    return {
      handles,
      async close() {
        for (const { log: stream } of handles) await stream.close()
        await watermarks.close()
        await connection.close()
      },
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** The rights an ingest process needs: to its shards, and to settle, which it may get later or never. */
export async function openLeases(settings: Settings & { natsUrl: string }): Promise<{
  readonly shards: readonly Lease[]
  readonly settling: Lease
  close(): Promise<void>
}> {
  const { shards } = settings
  const connection = await busConnection(settings, 'plimsoll ingest leases')
  const open = (name: string) => openJetStreamLease({ connection, name })
  try {
    return {
      shards: await Promise.all(
        ownShards(settings).map((shard) => open(`shard-${shards}-${shard}`)),
      ),
      settling: await open('settle'),
      close: () => connection.close(),
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}

function busConnection({ natsUrl, natsCreds }: Settings & { natsUrl: string }, name: string) {
  const login = natsCreds === undefined ? {} : { credsFile: natsCreds }
  return connectBus({ url: natsUrl, name, ...login })
}

/** Limits of the streams as the settings want them. */
export function streamLimits(settings: Settings): StreamLimits {
  const { shards, natsReplicas, leafDomains, streamGib, streamHours } = settings
  const leaves = leafDomains.length === 0 ? {} : { leafDomains }
  const copies = natsReplicas === undefined ? {} : { replicas: natsReplicas }
  const room = { maxAgeMs: streamHours * 3_600_000, maxBytes: streamGib * 2 ** 30 }
  return { shards, ...room, ...copies, ...leaves }
}

/** The shards this process reads, in order. Throws E_CONFIG_INVALID for one the site does not have. */
function ownShards({ shards, ownShards: own }: Settings): readonly number[] {
  if (own === undefined) return Array.from({ length: shards }, (_, shard) => shard)
  const beyond = own.find((shard) => shard >= shards)
  if (beyond === undefined) return [...new Set(own)].toSorted((a, b) => a - b)
  throw new PlimsollError(
    'E_CONFIG_INVALID',
    `--shards (or PLIMSOLL_INGEST_SHARDS) names shard ${beyond}; with PLIMSOLL_SHARDS=${shards} they are 0 to ${shards - 1}`,
  )
}

const readsAll = (settings: Settings) => ownShards(settings).length === settings.shards

/** A collector of this process, whose spool ingest reads in place. */
export interface LocalCollector {
  readonly cluster: string
  readonly collector: string
  readonly spool: DirectSpool
  readonly bus: DirectBus
}

/** One shard per local collector; its number is its place in the list. */
export async function directShards(
  settings: Settings,
  collectors: readonly LocalCollector[],
): Promise<Shards> {
  const handles = await Promise.all(
    collectors.map(async ({ cluster, collector, spool, bus }, shard): Promise<ShardHandle> => ({
      shard,
      name: `spool-${collector}`,
      log: openDirectLog({ spool, cluster, collector }),
      intents: await openFileIntents({ directory: join(settings.dataDir, 'intents'), shard }),
      watermarks: bus.watermarks,
    })),
  )
  return {
    handles,
    close: async () => {
      for (const { bus } of collectors) await bus.watermarks.close()
    },
  }
}
