import { join } from 'node:path'
import type { Publisher } from '#schemas/ports.ts'
import type { Logger } from '#schemas/role.ts'
import type { TimeSource } from '../../collector/clock.ts'
import { type Collector, createCollector } from '../../collector/collector.ts'
import type { CollectorConfig } from '../../collector/config.ts'
import type { SourceIo } from '../../collector/source.ts'
import {
  openSpool,
  type Spool,
  type SpoolOptions,
  type SpoolStats,
} from '../../collector/spool/spool.ts'
import { buildLoad, type LoadNode, type LoadPart, type LoadShape } from './layout.ts'
import { type Acknowledged, createAcknowledged, metered, newSent, type Sent } from './meter.ts'
import { createLoadSource, loadAddress, type Produced } from './source.ts'
import { VALUES_PER_ROW } from './values.ts'

export interface LoadFleetDeps {
  readonly shape: LoadShape
  readonly intervalMs: number
  /** Folder of this run's spools, one below it per collector. */
  readonly directory: string
  readonly openPublisher: (cluster: string, collector: string) => Publisher
  readonly logger: Logger
  readonly time: TimeSource
  readonly random: (bytes: number) => Uint8Array
  readonly openSpool?: (options: SpoolOptions) => Promise<Spool>
}

/** Totals over all collectors since the start. */
export interface LoadCounts {
  readonly collectors: number
  readonly connected: number
  /** Device rows that the simulated tools gave. */
  readonly rows: number
  readonly values: number
  /** Batches that reached a spool. */
  readonly batches: number
  /** Batches the bus acknowledged, each counted once. */
  readonly published: number
  /** Messages and bytes it acknowledged, those sent again included. */
  readonly messages: number
  readonly bytes: number
  readonly refused: number
  /** Reads of a node, each a row of 8 devices, that did not take place because the process was late. */
  readonly missedTicks: number
  /** What the spools hold because it is not known to be in the store yet. */
  readonly spooledBatches: number
  readonly spooledBytes: number
  /** Batches that a full or silent disk lost. */
  readonly lostBatches: number
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null }
}

export interface LoadFleet {
  start(): Promise<void>
  /** No more samples; waits a bounded time until the bus has taken what there is. */
  stop(): Promise<void>
  counts(): LoadCounts
}

/** One collector and what is known about it; its own statistics end with it, those of the spool stay. */
interface Member {
  readonly collector: Collector
  readonly publisher: Publisher
  readonly acknowledged: Acknowledged
  readonly spooled: { spool: Spool | null; refused: number }
  missedTicks: number
}

const SPOOL_BYTES = 512 * 2 ** 20
const TIMEOUT_MS = 1000
const REFRESH_MS = 60_000
const CONNECT_MS = 5000
const LOOK_MS = 20

/**
 * One collector per delivery identity, each with its own boot, spool and way to the bus, over simulated tools. Reads
 * are spread over the interval by the collector's own schedule, so that the first one already is.
 */
export function createLoadFleet(deps: LoadFleetDeps): LoadFleet {
  const state: LoadState = { members: [], produced: { rows: 0 }, sent: newSent() }
  const { members } = state
  return {
    async start() {
      for (const part of buildLoad(deps.shape)) members.push(createMember(deps, part, state))
      await untilConnected(members, deps.time)
      // All at once: one that is at work already would keep the others' disks waiting.
      const starts = await Promise.allSettled(members.map(({ collector }) => collector.start()))
      const failed = starts.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    },
    async stop() {
      for (const member of members) member.missedTicks = missedOf(member)
      await Promise.all(members.map(({ collector }) => collector.stop()))
    },
    counts: () => countsOf(state),
  }
}

interface LoadState {
  readonly members: Member[]
  readonly produced: Produced
  readonly sent: Sent
}

/** Waits a bounded time for every way to the bus: beside a load at work a connection takes long to open. */
async function untilConnected(members: readonly Member[], time: TimeSource): Promise<void> {
  const untilMs = time.monotonicMs() + CONNECT_MS
  while (members.some(({ publisher }) => !publisher.connected())) {
    if (time.monotonicMs() >= untilMs) return
    await new Promise<void>((resolve) => time.setTimer(LOOK_MS, resolve))
  }
}

function createMember(deps: LoadFleetDeps, part: LoadPart, { sent, produced }: LoadState): Member {
  const { logger, time, random, shape } = deps
  const publisher = deps.openPublisher(shape.cluster, part.collector)
  const acknowledged = createAcknowledged()
  const spooled: Member['spooled'] = { spool: null, refused: 0 }
  const collector = createCollector({
    config: configOf(deps, part, produced),
    sources: [],
    publisher: metered(publisher, sent, acknowledged, time.monotonicMs),
    io: nothingOutside,
    logger,
    random,
    time,
    simulated: true,
    async openSpool(options) {
      const spool = await (deps.openSpool ?? openSpool)(options)
      spooled.spool = spool
      return {
        ...spool,
        append: (entry) =>
          spool.append(entry).catch((error: unknown) => {
            spooled.refused++
            throw error
          }),
      }
    },
  })
  return { collector, publisher, acknowledged, spooled, missedTicks: 0 }
}

const missedOf = ({ collector, missedTicks }: Member) =>
  collector.stats()?.runner.missedCells ?? missedTicks

function configOf(deps: LoadFleetDeps, part: LoadPart, produced: Produced): CollectorConfig {
  const { shape, intervalMs, directory } = deps
  const source = createLoadSource(part.nodes, shape.seed, produced)
  return {
    cluster: shape.cluster,
    collector: part.collector,
    node: part.collector,
    labels: { hall: '', rack: '', pool: '' },
    nodeLabels: new Map(),
    sources: [
      {
        source,
        options: source.config.parse({}),
        targets: part.nodes.map(targetOf),
        fileSd: [],
        httpSd: [],
        prometheus: [],
        refreshMs: REFRESH_MS,
        isLocal: false,
        intervalMs,
        timeoutMs: TIMEOUT_MS,
      },
    ],
    spool: { directory: join(directory, part.collector), maxBytes: SPOOL_BYTES },
    nats: null,
    thresholds: [],
  }
}

const targetOf = (node: LoadNode) => ({
  address: loadAddress(node),
  node: node.name,
  isNodeNamed: true,
  hall: node.hall,
  rack: node.rack,
  pool: node.pool,
  cluster: '',
})

/** Simulated tools need no outside world; a source that asks for one is told that nothing is there. */
const nothingOutside: SourceIo = {
  run: async () => ({
    exitCode: null,
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
    failure: 'not_found',
  }),
  stream: () => 'busy',
  get: async () => ({ status: null, body: new Uint8Array(), failure: 'refused' }),
  hasCommand: async () => false,
}

function countsOf({ members, produced, sent }: LoadState): LoadCounts {
  const sum = (of: (member: Member) => number) =>
    members.reduce((total, member) => total + of(member), 0)
  const ofSpool = (of: (stats: SpoolStats) => number) =>
    sum(({ spooled: { spool } }) => (spool === null ? 0 : of(spool.stats())))
  return {
    collectors: members.length,
    connected: members.filter(({ publisher }) => publisher.connected()).length,
    rows: produced.rows,
    values: produced.rows * VALUES_PER_ROW,
    batches: ofSpool(({ appended }) => appended),
    published: sum(({ acknowledged }) => acknowledged.count()),
    messages: sent.messages,
    bytes: sent.bytes,
    refused: sent.refused,
    missedTicks: sum(missedOf),
    spooledBatches: ofSpool(({ first, last, releasedPosition }) =>
      Math.max(0, last - Math.max(first - 1, releasedPosition)),
    ),
    spooledBytes: ofSpool(({ bytes }) => bytes),
    lostBatches:
      ofSpool(({ droppedRecords }) => droppedRecords) + sum(({ spooled }) => spooled.refused),
    latencyMs: { p50: sent.latencies.quantile(0.5), p99: sent.latencies.quantile(0.99) },
  }
}
