import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { connectStore, type Store } from '../../ingest/store/store.ts'
import { freePort, runPlimsoll, startPlimsoll, until } from '../../cli/process.testing.ts'
import { findProgram } from '../peers/installed.ts'
import { type ProcessUse, useOf } from '../peers/proc.ts'
import { scratchFolder } from '../peers/scratch.ts'
import { pause, startServer } from '../peers/server.ts'

const integer = z.coerce.number()

/** The processes of the central plane; each counts with everything below it. */
export type PlaneProcess = 'nats-server' | 'ingest' | 'engine'
export type PlaneUse = Readonly<Record<PlaneProcess, ProcessUse>>

/** nats-server with JetStream in files, `plimsoll engine` and `plimsoll ingest`, as a site runs them. */
export interface Plane {
  readonly natsUrl: string
  readonly natsVersion: string
  readonly engineVersion: string
  readonly store: Store
  use(): PlaneUse
  cpuSeconds(): number
  /** What is stored, as `batches` says: one question that costs next to nothing. */
  stored(): Promise<Stored>
  /** End of the last minute that is settled, epoch ms, or null. */
  settledUntilMs(): Promise<number | null>
  /** Resolves when no merge runs and CPU is down to what it is when nothing arrives. */
  rest(): Promise<void>
  /** The end of what ingest wrote. */
  log(): string
  stop(): Promise<void>
}

export interface PlaneOptions {
  /** More options of `plimsoll ingest`. */
  readonly ingestArgs?: readonly string[]
}

/** At rest: the CPU of this many looks in a row, each so long, does not exceed this share of a core. */
const REST = { looks: 3, lookMs: 1000, share: 0.12, maxMs: 120_000 }

const Count = z.object({ n: integer })
const Stored = z.object({ rows: integer, messages: integer, newest_ms: integer.nullable() })
/** Device rows, messages, and the newest sample of the collector that is furthest behind, epoch ms. */
export type Stored = z.infer<typeof Stored>
const Settled = z.object({ until_ms: integer.nullable() })

/** Starts a central plane in a temporary folder; throws when nats-server is not on this machine. */
export async function startPlane(options: PlaneOptions = {}): Promise<Plane> {
  const program = findProgram('nats-server')
  if (program === null) throw new Error('nats-server is not here: apt-get install nats-server')
  const folder = scratchFolder('plane')
  const [natsPort, natsHttp, enginePort] = await Promise.all([freePort(), freePort(), freePort()])
  const config = join(folder.path, 'nats.conf')
  writeFileSync(
    config,
    `listen: "127.0.0.1:${natsPort}"\nhttp: "127.0.0.1:${natsHttp}"\njetstream { store_dir: "${folder.path}/nats" }\n`,
  )
  const vars = `http://127.0.0.1:${natsHttp}/varz`
  const nats = await startServer(program, ['-c', config], async () => (await fetch(vars)).ok)
  const { version: natsVersion } = z
    .object({ version: z.string() })
    .parse(await (await fetch(vars)).json())
  const password = randomBytes(12).toString('hex')
  const natsUrl = `nats://127.0.0.1:${natsPort}`
  const env = {
    NATS_URL: natsUrl,
    CLICKHOUSE_URL: `http://default:${password}@127.0.0.1:${enginePort}/plimsoll`,
    PLIMSOLL_ENGINE_PASSWORD: password,
    PLIMSOLL_DATA: folder.path,
  }
  const engine = startPlimsoll(['engine', '--port', String(enginePort)], { env })
  const url = `http://127.0.0.1:${enginePort}`
  const store = connectStore({ url, user: 'default', password, database: 'plimsoll' })
  await until('the engine', () => store.ping())
  const migrated = await runPlimsoll(['migrate'], { env })
  if (migrated.code !== 0)
    throw new Error(`migrate ended with ${migrated.code}:\n${migrated.stderr}`)
  const ingest = startPlimsoll(['ingest', ...(options.ingestArgs ?? [])], { env })
  await ingest.says(/ingest reads/)
  const pids = { 'nats-server': nats.pid, ingest: ingest.pid, engine: engine.pid }
  const use = (): PlaneUse => ({
    'nats-server': useOf(pids['nats-server']),
    ingest: useOf(pids.ingest),
    engine: useOf(pids.engine),
  })
  const cpuSeconds = () => Object.values(use()).reduce((sum, { cpuS }) => sum + cpuS, 0)
  const merges = async () => (await oneOf(store, Count, 'SELECT count() AS n FROM system.merges')).n
  return {
    natsUrl,
    natsVersion,
    engineVersion: await store.version(),
    store,
    use,
    cpuSeconds,
    stored: () =>
      oneOf(
        store,
        Stored,
        `SELECT sum(stored) AS rows, sum(batches) AS messages, if(count() = 0, NULL, min(newest)) AS newest_ms FROM
         (SELECT sum(row_count) AS stored, sum(last_seq - first_seq + 1) AS batches,
            toUnixTimestamp64Milli(max(max_ts)) AS newest FROM batches GROUP BY collector)`,
      ),
    async settledUntilMs() {
      const { until_ms } = await oneOf(
        store,
        Settled,
        `SELECT if(count() = 0, NULL, toUnixTimestamp(max(bucket)) * 1000 + 60000) AS until_ms
         FROM revisions WHERE resolution = '1m'`,
      )
      return until_ms
    },
    async rest() {
      const endMs = performance.now() + REST.maxMs
      for (let quiet = 0; quiet < REST.looks;) {
        const before = cpuSeconds()
        await pause(REST.lookMs)
        const share = (1000 * (cpuSeconds() - before)) / REST.lookMs
        quiet = share < REST.share && (await merges()) === 0 ? quiet + 1 : 0
        if (performance.now() > endMs) throw new Error('the central plane does not come to rest')
      }
    },
    log: () => ingest.log(),
    async stop() {
      await store.close()
      await ingest.stop()
      await engine.stop()
      await nats.stop()
      folder.remove()
    },
  }
}

/** The one row of a question. */
export async function oneOf<T>(
  store: Pick<Store, 'query'>,
  schema: z.ZodType<T>,
  sql: string,
  params: Readonly<Record<string, number>> = {},
): Promise<T> {
  const [row] = await store.query(sql, params, { maxExecutionMs: 120_000 })
  return schema.parse(row)
}

const Content = z.object({ row_count: integer, once: integer, value_count: integer })

/** What the table holds of [fromMs, toMs): rows, different (device, time), and values that are not null. */
export async function contentOf(store: Store, fromMs: number, toMs: number) {
  const values = DEVICE_METRICS.map(({ name }) => `count(${name})`).join(' + ')
  const found = await oneOf(
    store,
    Content,
    `SELECT count() AS row_count, uniqExact(device_id, ts) AS once, ${values} AS value_count FROM samples
     WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`,
    { from_ms: fromMs, to_ms: toMs },
  )
  return { rows: found.row_count, once: found.once, values: found.value_count }
}
