import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, until } from '../../cli/process.testing.ts'
import { migrate } from '../../ingest/store/migrate.ts'
import { connectStore, type Store } from '../../ingest/store/store.ts'
import { OPEN_MS } from '../../ingest/settle/capacity.ts'
import { silent } from '../../ingest/worker/ingest.testing.ts'
import { type Broker, brokerConfig, busUrl, openBroker } from './broker.ts'
import { type Supervised, supervise } from './child.ts'
import type { CollectorSettings } from './collector-main.ts'
import { allParts } from './fleet.ts'
import { type NetworkNamespace, openNamespace } from './namespace.ts'
import { COLLECTORS, type CollectorName, type LinkName, LINKS, type ProcessName } from './plan.ts'
import { type Link, openLink } from './proxy.ts'
import { openSmallDisk, type SmallDisk } from './small-disk.ts'

/** Everything under test, as processes of their own, and the harness's hands on it. */
export interface Site {
  readonly folder: string
  readonly seed: number
  readonly processes: Readonly<Record<ProcessName, Supervised>>
  readonly links: Readonly<Record<LinkName, Link>>
  /** Straight to the engine. */
  readonly store: Store
  readonly broker: Broker
  readonly busPort: number
  readonly brokerData: string
  readonly disks: { readonly spool: SmallDisk; readonly broker: SmallDisk }
  /** Null where this user may not make one. */
  readonly namespace: NetworkNamespace | null
  /** What the clock of a collector is ahead, ms; also told to its next process. */
  setClock(collector: CollectorName, offsetMs: number): void
  journalOf(collector: CollectorName): string
  /** Capacity of every device begins here, epoch ms: a whole minute before the run. */
  readonly capacityFromMs: number
  stop(): Promise<void>
}

const ROOT = join(import.meta.dirname, '..', '..')
const ENGINE_PASSWORD = 'faults-engine-password'
const DATABASE = 'plimsoll'
const SPOOL_BYTES: Readonly<Record<CollectorName, number>> = {
  // So little that an outage of seconds fills it: it has to drop the oldest and say exactly what.
  c1: 40 * 1024,
  c2: 64 * 2 ** 20,
  c3: 64 * 2 ** 20,
}
const INTERVAL_MS: Readonly<Record<CollectorName, number>> = { c1: 1000, c2: 1000, c3: 2000 }
const SPOOL_DISK_MIB = 2
const BROKER_DISK_MIB = 256
const CAPACITY_BEFORE_MS = 10 * 60_000
const SETTLE_DELAY_S = '5'
const UP_MS = 60_000

export interface SiteOptions {
  readonly seed: number
  /** Told of what this machine does not allow. */
  readonly warn: (sentence: string) => void
}

/** Starts everything; what had started is stopped again when something does not start. */
export async function startSite({ seed, warn }: SiteOptions): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-faults-'))
  const [busPort, enginePort] = [await freePort(), await freePort()]
  const disks = {
    spool: await openSmallDisk(join(folder, 'c2-disk'), SPOOL_DISK_MIB),
    broker: await openSmallDisk(join(folder, 'nats-disk'), BROKER_DISK_MIB),
  }
  const namespace = openNamespace()
  for (const sentence of notPossible(disks.spool.isReal, namespace !== null)) warn(sentence)
  const brokerData = join(disks.broker.path, 'data')
  const links = await openLinks(busPort, enginePort, namespace, join(folder, 'c3.sock'))
  const clocks = new Map<CollectorName, number>()
  const parts = { folder, seed, busPort, enginePort, links, clocks, namespace, disks }
  const processes = processesOf(parts)
  const clear = async () => {
    await Promise.all(Object.values(processes).map((process) => process.kill()))
    for (const link of Object.values(links)) await link.close()
    namespace?.remove()
    for (const disk of Object.values(disks)) disk.remove()
  }
  try {
    await mkdir(brokerData, { recursive: true })
    await writeFile(join(folder, 'nats.conf'), brokerConfig(busPort, brokerData))
    processes.nats.start()
    processes.engine.start()
    const capacityFromMs = Math.floor((Date.now() - CAPACITY_BEFORE_MS) / 60_000) * 60_000
    const store = await prepareStore(enginePort, capacityRows(seed, capacityFromMs))
    const broker = await openBroker(busPort)
    await broker.ensure()
    processes.ingest.start()
    for (const name of COLLECTORS) processes[name].start()
    return {
      folder,
      seed,
      processes,
      links,
      store,
      broker,
      busPort,
      brokerData,
      disks,
      namespace,
      capacityFromMs,
      setClock(collector, offsetMs) {
        clocks.set(collector, offsetMs)
        processes[collector].tell(JSON.stringify({ offsetMs }))
      },
      journalOf: (collector) => journalPath(folder, collector),
      async stop() {
        await clear()
        await broker.close()
        await store.close()
      },
    }
  } catch (error) {
    await clear()
    throw error
  }
}

function notPossible(hasDisks: boolean, hasNamespace: boolean): string[] {
  const disks =
    'NOT TESTED: full disks. Nobody may mount a tmpfs here; the bounds of spool and stream stand in'
  const network =
    'NOT TESTED: a cut in a network namespace. It needs root and `ip`; the proxy cuts instead'
  return [...(hasDisks ? [] : [disks]), ...(hasNamespace ? [] : [network])]
}

/** Waits for the engine, makes its tables and enters the capacity. */
async function prepareStore(
  port: number,
  capacity: readonly Readonly<Record<string, unknown>>[],
): Promise<Store> {
  const connection = {
    url: `http://127.0.0.1:${port}`,
    user: 'plimsoll',
    password: ENGINE_PASSWORD,
    database: DATABASE,
  }
  const engine = connectStore({ ...connection, database: 'default' })
  await until('the engine', () => engine.ping(), UP_MS)
  await engine.close()
  await migrate({ connection, profile: { kind: 'single' }, log: silent })
  const store = connectStore(connection)
  await store.insertJson('intervals', capacity, 'faults capacity')
  return store
}

/** Removes what a run wrote; after a violation it is kept for whoever looks. */
export const removeSite = ({ folder }: Site) =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 })

async function openLinks(
  busPort: number,
  enginePort: number,
  namespace: NetworkNamespace | null,
  socketPath: string,
): Promise<Record<LinkName, Link>> {
  const open = async (name: LinkName): Promise<Link> => {
    const port = name === 'ingest-store' ? enginePort : busPort
    if (name !== 'c3' || namespace === null) return openLink({ port })
    const link = await openLink({ port, listenPath: socketPath })
    return { ...link, ...(await namespace.openRelay(socketPath)) }
  }
  const [c1, c2, c3, bus, store] = await Promise.all(LINKS.map(open))
  if (!c1 || !c2 || !c3 || !bus || !store) throw new Error('a proxy is missing')
  return { c1, c2, c3, 'ingest-bus': bus, 'ingest-store': store }
}

interface Parts {
  readonly folder: string
  readonly seed: number
  readonly busPort: number
  readonly enginePort: number
  readonly links: Readonly<Record<LinkName, Link>>
  readonly clocks: ReadonlyMap<CollectorName, number>
  readonly namespace: NetworkNamespace | null
  readonly disks: Site['disks']
}

function processesOf(parts: Parts): Record<ProcessName, Supervised> {
  const { folder, enginePort, links } = parts
  const log = (name: string) => join(folder, `${name}.log`)
  const node = (
    name: ProcessName,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) =>
    supervise({
      name,
      command: process.execPath,
      args: () => [join(ROOT, 'main.ts'), ...args],
      env,
      log: log(name),
    })
  const bus = links['ingest-bus']
  const { port } = links['ingest-store']
  const storeUrl = `http://plimsoll:${ENGINE_PASSWORD}@127.0.0.1:${port}/${DATABASE}`
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/bin`
  return {
    c1: collectorProcess('c1', parts),
    c2: collectorProcess('c2', parts),
    c3: collectorProcess('c3', parts),
    ingest: node('ingest', [
      'ingest',
      `--nats=${busUrl('ingest', bus.host, bus.port)}`,
      `--clickhouse=${storeUrl}`,
      `--settle-delay=${SETTLE_DELAY_S}`,
      `--data=${join(folder, 'ingest')}`,
    ]),
    engine: node(
      'engine',
      ['engine', '--data', join(folder, 'engine'), '--port', `${enginePort}`],
      {
        PLIMSOLL_ENGINE_PASSWORD: ENGINE_PASSWORD,
      },
    ),
    nats: supervise({
      name: 'nats',
      command: 'nats-server',
      args: () => ['-c', join(folder, 'nats.conf')],
      env: { PATH },
      log: log('nats'),
    }),
  }
}

function collectorProcess(name: CollectorName, parts: Parts): Supervised {
  const { folder, seed, links, clocks, namespace, disks } = parts
  const position = COLLECTORS.indexOf(name)
  const { host, port } = links[name]
  const isInside = name === 'c3' && namespace !== null
  let starts = 0
  const settings = (): CollectorSettings => ({
    seed,
    position,
    firstNumber: (position * 10_000 + ++starts) * 100_000,
    spool: name === 'c2' ? join(disks.spool.path, 'spool') : join(folder, `${name}-spool`),
    spoolBytes: SPOOL_BYTES[name],
    journal: journalPath(folder, name),
    nats: busUrl(name, host, port),
    offsetMs: clocks.get(name) ?? 0,
    intervalMs: INTERVAL_MS[name],
  })
  const entry = join(import.meta.dirname, 'collector-main.ts')
  const own = () => [process.execPath, '--max-semi-space-size=1', entry, JSON.stringify(settings())]
  const [enter = '', ...inside] = isInside ? namespace.enter : []
  return supervise({
    name,
    command: isInside ? enter : process.execPath,
    args: () => (isInside ? [...inside, ...own()] : own().slice(1)),
    env: { MALLOC_ARENA_MAX: '1' },
    log: join(folder, `${name}.log`),
  })
}

const journalPath = (folder: string, collector: CollectorName) =>
  join(folder, `${collector}.journal`)

/** The inventory: without it a device enters capacity only after ten minutes of samples. */
function capacityRows(seed: number, fromMs: number) {
  return allParts(seed).flatMap(({ deviceIds, collector }) =>
    deviceIds.map((device_id) => ({
      kind: 'capacity',
      device_id,
      from_at: new Date(fromMs).toISOString(),
      to_at: new Date(OPEN_MS).toISOString(),
      reason: 'inventory',
      detail: collector,
      version: 1,
    })),
  )
}
