import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { connectStore, type Store } from '../ingest/store/store.ts'
import { type NatsServer, startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { freePort, type Plimsoll, runPlimsoll, startPlimsoll, until } from './process.testing.ts'

/** A site of separate processes: nats-server, engine, ingest, query; collectors are the test's own. */
export interface Site {
  readonly nats: NatsServer
  /** Environment that every role of this site is started with. */
  readonly env: Readonly<Record<string, string>>
  /** Where query answers, `http://127.0.0.1:port`. */
  readonly url: string
  readonly store: Store
  /** The engine that was started first. */
  readonly engine: Plimsoll
  /** Starts another after the first was killed. */
  startEngine(): Promise<Plimsoll>
  startIngest(): Plimsoll
  startQuery(): Promise<Plimsoll>
  stop(): Promise<void>
}

/** Starts nats-server and the engine and makes the tables and streams, as a site does the first time. */
export async function prepareSite(folder: string): Promise<Site> {
  const [nats, enginePort, queryPort] = await Promise.all([
    startNatsServer(),
    freePort(),
    freePort(),
  ])
  const password = randomBytes(12).toString('hex')
  const env = {
    NATS_URL: nats.url,
    CLICKHOUSE_URL: `http://default:${password}@127.0.0.1:${enginePort}/plimsoll`,
    PLIMSOLL_ENGINE_PASSWORD: password,
    PLIMSOLL_DATA: folder,
    PLIMSOLL_SETTLE_DELAY_SECONDS: '1',
  }
  const started: Plimsoll[] = []
  const begin = (...args: string[]) => {
    const process = startPlimsoll(args, { env })
    started.push(process)
    return process
  }
  const store = connectStore({
    url: `http://127.0.0.1:${enginePort}`,
    user: 'default',
    password,
    database: 'plimsoll',
  })
  const startEngine = async () => {
    const engine = begin('engine', '--port', String(enginePort))
    await until('the engine', () => store.ping())
    return engine
  }
  const site: Site = {
    nats,
    env,
    url: `http://127.0.0.1:${queryPort}`,
    store,
    engine: await startEngine(),
    startEngine,
    startIngest: () => begin('ingest'),
    async startQuery() {
      const query = begin('query', '--port', String(queryPort))
      await until('the API', async () => (await fetch(`${site.url}/readyz`)).ok)
      return query
    },
    async stop() {
      await store.close()
      // Last started, first stopped: nobody waits for something that is gone.
      for (const process of started.toReversed()) if (process.isRunning()) await process.stop()
      await nats.stop()
    },
  }
  const migrated = await runPlimsoll(['migrate'], { env })
  if (migrated.code !== 0)
    throw new Error(`migrate ended with ${migrated.code}: ${migrated.stderr}`)
  return site
}

/** What an exporter answers. */
export interface ExporterAnswer {
  readonly status?: number
  readonly body: string
  /** Closes the connection after this many bytes, although more were promised. */
  readonly breakAfterBytes?: number
}

export interface Exporter {
  readonly port: number
  /** Address for a target list. */
  readonly target: string
  /** Replaces what it answers. */
  answer(render: () => ExporterAnswer): void
  /** Turns it off: connections are refused from now on. */
  stop(): Promise<void>
}

/** An exporter of our own on loopback; `onSent` hears of every answer that went out whole. */
export async function startExporter(
  render: () => ExporterAnswer,
  onSent: (body: string) => void = () => undefined,
): Promise<Exporter> {
  let current = render
  const server = createServer((_, response) => {
    const { status = 200, body, breakAfterBytes } = current()
    const bytes = Buffer.from(body)
    response.writeHead(status, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'content-length': bytes.length,
    })
    if (breakAfterBytes !== undefined) {
      response.write(bytes.subarray(0, breakAfterBytes), () => response.destroy())
      return
    }
    response.end(bytes, () => onSent(body))
  })
  const port = await listen(server)
  return {
    port,
    target: `127.0.0.1:${port}`,
    answer: (next) => (current = next),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address.port)
      else reject(new Error('the exporter has no port'))
    })
  })
}
