import { join } from 'node:path'
import { connectBus } from '../ingest/bus/connect.ts'
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
import { applyRetention, DEFAULT_RETENTION, rawRetentionMs } from '../ingest/store/retention.ts'
import { connectStore, type Store } from '../ingest/store/store.ts'
import type { ShardHandle } from '../ingest/worker/ports.ts'
import type { Logger } from '#schemas/role.ts'
import { lazyRole } from './lazy-role.ts'
import { repairsPath, type Settings } from './settings.ts'
import type { StoreAccess } from './store.ts'

/** How long the bus keeps what ingest has not read, and how much: beyond it collectors keep it. */
export const STREAM_LIMITS: StreamLimits = { maxAgeMs: 3 * 86_400_000, maxBytes: 40 * 2 ** 30 }

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
}

/** The ingest role over the given shards; built when it starts. */
export function ingestService(options: IngestServiceOptions) {
  const { settings, store: access, log } = options
  return lazyRole<Ingest>('ingest', async () => {
    const store = connectStore(access.connection())
    if (options.retention) await applyRetention(store, DEFAULT_RETENTION)
    const shards = await options.openShards()
    const settle = {
      timeZone: settings.timeZone,
      delayMs: settings.settleDelaySeconds * 1000,
      // A minute without its raw samples would be settled again as unknown.
      ...(options.retention ? { rawRetentionMs: rawRetentionMs(DEFAULT_RETENTION) } : {}),
      ...(options.settleFromMs === undefined ? {} : { earliestMs: options.settleFromMs }),
    }
    const role = createIngest({
      store,
      shards: shards.handles,
      log,
      disk: diskGuard(settings, store, log),
      repairs:
        settings.clickhouseUrl === undefined
          ? fileRepairs(repairsPath(settings.dataDir))
          : storeRepairs(store),
      options: { settle },
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

/** The one stream of a NATS server. `create` also makes the streams; otherwise `migrate` did. */
export async function jetStreamShards(
  settings: Settings & { natsUrl: string },
  log: Logger,
  create: boolean,
): Promise<Shards> {
  const connection = await connectBus({
    url: settings.natsUrl,
    name: 'plimsoll ingest',
    ...(settings.natsCreds === undefined ? {} : { credsFile: settings.natsCreds }),
  })
  if (create) await ensureStreams(connection, STREAM_LIMITS, log)
  const stream = await openJetStreamLog({ connection, logger: log })
  const intents = await openJetStreamIntents({ connection, shard: 0 })
  const watermarks = openNatsWatermarks({ connection })
  return {
    handles: [{ shard: 0, name: 'jetstream-0', log: stream, intents, watermarks }],
    async close() {
      await stream.close()
      await watermarks.close()
      await connection.close()
    },
  }
}

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
