import type { Publisher } from '#schemas/ports.ts'
import type { Logger, Role, RoleHealth } from '#schemas/role.ts'
import { createAnnouncer } from './announce.ts'
import type { BatchIdentity } from './batch-build.ts'
import { createClock, type CollectorClock, systemTime, type TimeSource } from './clock.ts'
import { type CollectorConfig, localSection, type SourceSection } from './config.ts'
import { createDelivery, type Delivery, type DeliveryStats } from './delivery.ts'
import type { HealthStats } from './health.ts'
import { createGapReports } from './gap-reports.ts'
import { createPauses } from './pauses.ts'
import { createPipeline, eventHead, type Pipeline } from './pipeline.ts'
import { type Places, startPlaces } from './places.ts'
import { startListening } from './listen.ts'
import type { LostRange } from './resend.ts'
import { collectorHealth } from './role-health.ts'
import { createRunner, type Runner, type RunnerStats } from './runner.ts'
import type { Source, SourceIo } from './source.ts'
import { oldestWaiting, statusRecord } from './status.ts'
import { openSpool, type Spool, type SpoolOptions, type SpoolStats } from './spool/spool.ts'
import { type ListFiles, listFiles } from './targets/discover.ts'

export interface CollectorDeps {
  readonly config: CollectorConfig
  /** Every known source; those without a section are looked for here when the file names none. */
  readonly sources: readonly Source[]
  readonly publisher: Publisher
  readonly io: SourceIo
  readonly logger: Logger
  /** Cryptographic random bytes: the boot must not be guessable. */
  readonly random: (bytes: number) => Uint8Array
  readonly time?: TimeSource
  readonly openSpool?: (options: SpoolOptions) => Promise<Spool>
  readonly files?: ListFiles
  /** Marks every batch as made by a simulator. */
  readonly simulated?: boolean
  /** How often it says upstream how it is, and as which version; absent = it does not. */
  readonly status?: { readonly everyMs: number; readonly version: string }
}

export interface CollectorStats {
  readonly boot: string
  readonly runner: RunnerStats
  readonly targets: HealthStats
  readonly devices: number
  readonly batches: number
  readonly rows: number
  readonly droppedRecords: number
  readonly unannounced: number
  readonly published: number
  readonly isCaughtUp: boolean
  readonly delivery: DeliveryStats
  readonly spool: SpoolStats
  /** When ingest last said what is stored, epoch ms; null = not since the start. */
  readonly watermarkMs: number | null
  /** When the oldest batch that waits was spooled, epoch ms, as of some seconds ago. */
  readonly oldestMs: number | null
  readonly nowMs: number
}

/** A collector says upstream once a minute how it is. */
export const STATUS_EVERY_MS = 60_000

/** The collector role: reads targets, spools batches, publishes them. */
export interface Collector extends Role {
  /** Null before start and after stop. */
  stats(): CollectorStats | null
  targetCount(): number
  /** What was looked for on this machine, a sentence per source. */
  looked(): string[]
}

/** Waiting at stop: for reads under way, and for the bus, ms. What is not published stays in the spool. */
const STOP_READS_MS = 2000
const STOP_PUBLISH_MS = 5000
const HOUSEKEEPING_MS = 1000
const SUMMARY_MS = 60_000
const OLDEST_MS = 10_000

interface Running {
  readonly identity: BatchIdentity
  readonly clock: CollectorClock
  readonly spool: Spool
  readonly delivery: Delivery
  readonly pipeline: Pipeline
  readonly runner: Runner
  readonly places: Places
  /** Says upstream how this collector is. */
  readonly tell: (stopping: boolean) => Promise<void>
  readonly watermarkMs: () => number | null
  oldestMs: number | null
  /** No more orders from the bus. */
  readonly stopHearing: () => void
  /** Traps, subscriptions and pushes are taken no more. */
  readonly stopListening: () => Promise<void>
  cancelHousekeeping: () => void
}

/**
 * Builds the collector; nothing happens before start(). start() rejects with E_SPOOL_LOCKED when another
 * process uses the spool. stop() reads nothing more, spools what is open and waits a bounded time for the bus.
 */
export function createCollector(deps: CollectorDeps): Collector {
  let running: Running | null = null
  return {
    name: 'collector',
    async start() {
      running ??= await startCollector(deps)
    },
    async stop() {
      const stopping = running
      running = null
      if (stopping !== null) await stopCollector(stopping, deps.logger)
    },
    health: () =>
      running === null ? STOPPED : collectorHealth(statsOf(running), deps.publisher.connected()),
    stats: () => (running === null ? null : statsOf(running)),
    targetCount: () => running?.runner.targetCount() ?? 0,
    looked: () => running?.places.looked() ?? [],
  }
}

const STOPPED: RoleHealth = { state: 'stopped', detail: 'not started', metrics: {} }

async function startCollector(deps: CollectorDeps): Promise<Running> {
  const { config, publisher, io, logger, time = systemTime } = deps
  const identity: BatchIdentity = {
    cluster: config.cluster,
    collector: config.collector,
    boot: Buffer.from(deps.random(16)).toString('hex'),
    simulated: deps.simulated ?? false,
  }
  const clock = createClock(time)
  const ready = Promise.withResolvers<Delivery>()
  /** Until the spool is open nothing is read; only a record could come this early. */
  let accept: Delivery['accept'] = async (batch, kind) => (await ready.promise).accept(batch, kind)
  const sections = sectionsOf(deps)
  const pipeline = createPipeline({
    config,
    identity,
    sources: sections.map((section) => section.source),
    time,
    clock,
    announcer: createAnnouncer(publisher, time),
    onBatch(batch, kind) {
      reports.sent(batch)
      void accept(batch, kind)
    },
  })
  const reports = createGapReports({
    boot: identity.boot,
    publisher,
    time,
    report(ranges) {
      for (const range of ranges) pipeline.addRecord({ kind: 'gap', at_ms: clock.now(), ...range })
      pipeline.flushRecords()
    },
  })
  const spool = await openSpoolOf(deps, time, async (gap) => {
    await ready.promise
    await reports.tell(gap)
  })
  const onLost = (range: LostRange) => void reports.tell(range)
  const delivery = createDelivery({ identity, spool, publisher, time, logger, onLost })
  accept = (batch, kind) => delivery.accept(batch, kind)
  ready.resolve(delivery)
  const { onRead, onGone } = pipeline
  const pauses = createPauses(config.cluster)
  const pausedBy = (source: string, node: string) => pauses.orderFor(source, node, clock.now())
  const runner = createRunner({ time, clock, io, onRead, onGone, pausedBy })
  const stopOrders = publisher.onControl((state) => {
    if (!pauses.hear(state)) return
    runner.applyPauses()
    const { revision } = state
    logger.info('orders about pauses changed', { revision, pauses: state.pauses.length })
  })
  let watermarkMs: number | null = null
  const stopMarks = publisher.onWatermark(() => (watermarkMs = clock.now()))
  const stopHearing = () => {
    stopOrders()
    stopMarks()
    reports.stop()
  }
  pipeline.addRecord(startEvent(identity, config.node, clock.now()))
  const places = await startPlaces({
    sections,
    areNamed: config.sources.length > 0,
    ownNode: config.node,
    io,
    files: deps.files ?? listFiles,
    time,
    clock,
    logger,
    runner,
    health: pipeline.health,
  })
  const ears = await startListening({
    sections: config.sources,
    ownNode: config.node,
    io,
    clock,
    time,
    logger,
    runner,
    health: pipeline.health,
    onSaid: pipeline.onSaid,
  })
  const tell = createTell(deps, { clock, spool, delivery, pipeline }, () => watermarkMs)
  const running: Running = {
    identity,
    clock,
    spool,
    delivery,
    pipeline,
    runner,
    places,
    tell,
    watermarkMs: () => watermarkMs,
    oldestMs: null,
    cancelHousekeeping: () => undefined,
    stopHearing,
    stopListening: () => ears.stop(),
  }
  logger.info('collector started', {
    cluster: config.cluster,
    collector: config.collector,
    targets: runner.targetCount(),
    spool: config.spool.directory,
  })
  keepHouse(running, { time, logger, tellEveryMs: deps.status?.everyMs ?? Infinity })
  return running
}

/** Says upstream how this collector is, in a message of its own. */
function createTell(
  { config, status }: CollectorDeps,
  parts: Pick<Running, 'clock' | 'spool' | 'delivery' | 'pipeline'>,
  watermarkMs: () => number | null,
): Running['tell'] {
  const { clock, spool, delivery, pipeline } = parts
  const startedAtMs = clock.now()
  if (status === undefined) return async () => undefined
  return async (stopping) => {
    const oldestMs = await oldestWaiting(spool)
    const view = {
      ...status,
      node: config.node,
      startedAtMs,
      watermarkMs: watermarkMs(),
      targets: pipeline.health.stats(),
      pipeline: pipeline.stats(),
      delivery: delivery.stats(),
      spool: spool.stats(),
      oldestMs,
    }
    pipeline.sendAlone(statusRecord(view, { atMs: clock.now(), stopping }))
  }
}

const startEvent = ({ boot, collector }: BatchIdentity, node: string, atMs: number) => ({
  ...eventHead(atMs, node),
  device_key: null,
  source: 'collector',
  type: 'collector_start',
  code: boot,
  message: `collector ${collector} started`,
})

/** Opens the spool; each loss is handed over in the words of a gap record. */
function openSpoolOf(
  deps: CollectorDeps,
  time: TimeSource,
  onGap: (gap: LostRange) => Promise<void>,
): Promise<Spool> {
  const { config, logger } = deps
  return (deps.openSpool ?? openSpool)({
    directory: config.spool.directory,
    maxBytes: config.spool.maxBytes,
    now: () => Math.floor(time.wallMs()),
    onGap: ({ boot, fromSeq, toSeq, fromMs, toMs, reason }) =>
      onGap({ boot, from_seq: fromSeq, to_seq: toSeq, from_ms: fromMs, to_ms: toMs, reason }),
    onAlarm: ({ state, code, message }) =>
      logger[state === 'raised' ? 'error' : 'info'](message, { code }),
  })
}

function sectionsOf({ config, sources }: CollectorDeps): readonly SourceSection[] {
  return config.sources.length > 0 ? config.sources : sources.map((source) => localSection(source))
}

interface HouseRules {
  readonly time: TimeSource
  readonly logger: Logger
  readonly tellEveryMs: number
}

/** Watches the clock, and says once a minute how the targets are, if that changed; upstream in any case. */
function keepHouse(running: Running, { time, logger, tellEveryMs }: HouseRules): void {
  let told = ''
  let toldMs = -Infinity
  let upstreamMs = -Infinity
  let oldestAtMs = -Infinity
  const look = () => {
    const { clock, pipeline, runner } = running
    const reanchor = clock.check()
    if (reanchor !== null) {
      logger.warn('the clock of this machine jumped', { by_ms: reanchor.byMs })
      pipeline.onReanchor(reanchor)
      runner.replan()
    }
    if (time.monotonicMs() - toldMs >= SUMMARY_MS) {
      const { ok, failed, absent } = pipeline.health.stats()
      const now = `ok=${ok} failed=${failed} absent=${absent}`
      if (now !== told && ok + failed + absent > 0) {
        logger.info('targets', { ok, failed, absent, devices: pipeline.stats().devices })
        told = now
        toldMs = time.monotonicMs()
      }
    }
    if (time.monotonicMs() - oldestAtMs >= OLDEST_MS) {
      oldestAtMs = time.monotonicMs()
      void oldestWaiting(running.spool).then((ms) => (running.oldestMs = ms))
    }
    if (time.monotonicMs() - upstreamMs >= tellEveryMs) {
      upstreamMs = time.monotonicMs()
      void running.tell(false)
    }
    running.cancelHousekeeping = time.setTimer(HOUSEKEEPING_MS, look)
  }
  running.cancelHousekeeping = time.setTimer(HOUSEKEEPING_MS, look)
}

async function stopCollector(running: Running, logger: Logger): Promise<void> {
  const { places, runner, pipeline, delivery, spool } = running
  running.cancelHousekeeping()
  running.stopHearing()
  places.stop()
  await running.stopListening()
  await runner.stop(STOP_READS_MS)
  await running.tell(true)
  pipeline.flush()
  await delivery.stop(STOP_PUBLISH_MS)
  const { isCaughtUp, published } = delivery.stats()
  await spool.close()
  logger.info('collector stopped', { published, left_in_spool: !isCaughtUp })
}

function statsOf(running: Running): CollectorStats {
  const { identity, runner, pipeline, delivery, spool } = running
  const { devices, batches, rows, droppedRecords, unannounced } = pipeline.stats()
  const { published, isCaughtUp } = delivery.stats()
  return {
    boot: identity.boot,
    runner: runner.stats(),
    targets: pipeline.health.stats(),
    devices,
    batches,
    rows,
    droppedRecords,
    unannounced,
    published,
    isCaughtUp,
    delivery: delivery.stats(),
    spool: spool.stats(),
    watermarkMs: running.watermarkMs(),
    oldestMs: running.oldestMs,
    nowMs: running.clock.now(),
  }
}
