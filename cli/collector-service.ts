import { randomBytes } from 'node:crypto'
import { type Collector, createCollector, STATUS_EVERY_MS } from '../collector/collector.ts'
import type { CollectorConfig } from '../collector/config.ts'
import { createHost } from '../collector/host.ts'
import { loadSources } from '../collector/sources.ts'
import { openSpool, type Spool } from '../collector/spool/spool.ts'
import { type DirectBus, openDirectBus } from '../ingest/bus/direct-publisher.ts'
import { openNatsPublisher } from '../ingest/bus/publisher.ts'
import type { Publisher } from '#schemas/ports.ts'
import type { Logger } from '#schemas/role.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { lazyRole, type Opened } from './lazy-role.ts'
import type { Settings } from './settings.ts'
import { VERSION } from './version.ts'

/** A collector in this process whose spool ingest can read in place. */
export interface DirectCollector {
  readonly role: ReturnType<typeof lazyRole<Collector>>
  readonly bus: DirectBus
  /** The spool, once the role has started. */
  spool(): Spool
}

/** A collector without a bus: what it spools is what ingest reads. */
export function directCollector(
  config: CollectorConfig,
  log: Logger,
  statusSeconds?: number,
): DirectCollector {
  const bus = openDirectBus({ cluster: config.cluster, collector: config.collector })
  let spool: Spool | null = null
  const role = lazyRole<Collector>('collector', () =>
    openCollector(
      { config, logger: log, publisher: bus.publisher, statusSeconds },
      async (options) => {
        spool = await openSpool(options)
        return spool
      },
    ),
  )
  return {
    role,
    bus,
    spool() {
      if (spool === null)
        throw new PlimsollError('E_INTERNAL', 'the spool is asked for before the collector started')
      return spool
    },
  }
}

/** A collector that publishes through NATS; it starts and spools while the server is away. */
export function natsCollector(
  config: CollectorConfig,
  log: Logger,
  bus: Pick<Settings, 'natsCreds' | 'statusSeconds'> & { readonly natsUrl: string },
) {
  const { natsUrl: url, natsCreds: credsFile, statusSeconds } = bus
  return lazyRole<Collector>('collector', async () => {
    const { cluster, collector: name, nats } = config
    const { ca, cert, key } = nats?.tls ?? {}
    const tls = {
      ...(ca === undefined ? {} : { caFile: ca }),
      ...(cert === undefined ? {} : { certFile: cert }),
      ...(key === undefined ? {} : { keyFile: key }),
    }
    const creds = credsFile ?? nats?.credentials
    const connect = {
      url,
      ...(creds === undefined ? {} : { credsFile: creds }),
      ...(nats?.tls === undefined ? {} : { tls }),
    }
    const publisher = openNatsPublisher({ connect, cluster, collector: name, logger: log })
    const opened = await openCollector({ config, logger: log, publisher, statusSeconds }, openSpool)
    const close = async () => {
      await opened.close()
      await publisher.close()
    }
    return { role: opened.role, close }
  })
}

interface CollectorParts {
  readonly config: CollectorConfig
  readonly logger: Logger
  readonly publisher: Publisher
  readonly statusSeconds: number | undefined
}

async function openCollector(
  { statusSeconds, ...parts }: CollectorParts,
  open: typeof openSpool,
): Promise<Opened<Collector>> {
  const sources = await loadSources()
  const io = createHost()
  const everyMs = statusSeconds === undefined ? STATUS_EVERY_MS : statusSeconds * 1000
  const status = { everyMs, version: VERSION }
  const deps = { ...parts, sources, io, random: randomBytes, openSpool: open, status }
  return { role: createCollector(deps), close: async () => io.stop() }
}
