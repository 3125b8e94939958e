import type { Publisher } from '#schemas/ports.ts'
import type { Logger, Role, RoleHealth } from '#schemas/role.ts'
import type { BatchIdentity } from './batch-build.ts'
import { createClock, type CollectorClock, systemTime, type TimeSource } from './clock.ts'
import { type CollectorConfig, localSection, type SourceSection } from './config.ts'
import { createDelivery, type Delivery } from './delivery.ts'
import type { HealthStats } from './health.ts'
import { createPauses } from './pauses.ts'
import { createPipeline, eventHead, type Pipeline } from './pipeline.ts'
import { type Places, startPlaces } from './places.ts'
import type { LostRange } from './resend.ts'
import { createRunner, type Runner, type RunnerStats } from './runner.ts'
import type { Source, SourceIo } from './source.ts'
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
}

export interface CollectorStats {
  readonly boot: string
  readonly runner: RunnerStats
  readonly targets: HealthStats
  readonly devices: number
  readonly batches: number
  readonly rows: number
  readonly published: number
  readonly isCaughtUp: boolean
  readonly spool: SpoolStats
}

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

interface Running {
  readonly identity: BatchIdentity
  readonly clock: CollectorClock
  readonly spool: Spool
  readonly delivery: Delivery
  readonly pipeline: Pipeline
  readonly runner: Runner
  readonly places: Places
  /** No more orders from the bus. */
  readonly stopHearing: () => void
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
    health: () => (running === null ? STOPPED : healthOf(running, deps.publisher)),
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
    onBatch: (batch, kind) => void accept(batch, kind),
  })
  const reportGap = (range: LostRange) =>
    pipeline.addRecord({ kind: 'gap', at_ms: clock.now(), ...range })
  const spool = await openSpoolOf(deps, time, async (gap) => {
    const delivery = await ready.promise
    reportGap(gap)
    // Taken over only once the report itself is in the spool.
    pipeline.flushRecords()
    await delivery.spooled()
  })
  const delivery = createDelivery({ identity, spool, publisher, time, logger, onLost: reportGap })
  accept = (batch, kind) => delivery.accept(batch, kind)
  ready.resolve(delivery)
  const { onRead, onGone } = pipeline
  const pauses = createPauses(config.cluster)
  const pausedBy = (source: string, node: string) => pauses.orderFor(source, node, clock.now())
  const runner = createRunner({ time, clock, io, onRead, onGone, pausedBy })
  const stopHearing = publisher.onControl((state) => {
    if (!pauses.hear(state)) return
    runner.applyPauses()
    const { revision } = state
    logger.info('orders about pauses changed', { revision, pauses: state.pauses.length })
  })
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
  const running: Running = {
    identity,
    clock,
    spool,
    delivery,
    pipeline,
    runner,
    places,
    cancelHousekeeping: () => undefined,
    stopHearing,
  }
  logger.info('collector started', {
    cluster: config.cluster,
    collector: config.collector,
    targets: runner.targetCount(),
    spool: config.spool.directory,
  })
  keepHouse(running, time, logger)
  return running
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

/** Watches the clock, and says once a minute how the targets are, if that changed. */
function keepHouse(running: Running, time: TimeSource, logger: Logger): void {
  let told = ''
  let toldMs = -Infinity
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
    running.cancelHousekeeping = time.setTimer(HOUSEKEEPING_MS, look)
  }
  running.cancelHousekeeping = time.setTimer(HOUSEKEEPING_MS, look)
}

async function stopCollector(running: Running, logger: Logger): Promise<void> {
  const { places, runner, pipeline, delivery, spool } = running
  running.cancelHousekeeping()
  running.stopHearing()
  places.stop()
  await runner.stop(STOP_READS_MS)
  pipeline.flush()
  await delivery.stop(STOP_PUBLISH_MS)
  const { isCaughtUp, published } = delivery.stats()
  await spool.close()
  logger.info('collector stopped', { published, left_in_spool: !isCaughtUp })
}

function statsOf(running: Running): CollectorStats {
  const { identity, runner, pipeline, delivery, spool } = running
  const { devices, batches, rows } = pipeline.stats()
  const { published, isCaughtUp } = delivery.stats()
  return {
    boot: identity.boot,
    runner: runner.stats(),
    targets: pipeline.health.stats(),
    devices,
    batches,
    rows,
    published,
    isCaughtUp,
    spool: spool.stats(),
  }
}

function healthOf(running: Running, publisher: Publisher): RoleHealth {
  const { targets, devices, batches, rows, published, runner, spool } = statsOf(running)
  const isConnected = publisher.connected()
  const problems = [
    ...(spool.alarm === null ? [] : [`the spool cannot be written (${spool.alarm})`]),
    ...(isConnected ? [] : ['the bus is away, batches wait in the spool']),
    ...(targets.failed === 0 ? [] : [`${targets.failed} targets fail`]),
  ]
  return {
    state: problems.length === 0 ? 'ok' : 'degraded',
    detail:
      problems.length === 0 ? `${targets.ok} targets, ${devices} devices` : problems.join('; '),
    metrics: {
      collector_targets: runner.targets,
      collector_targets_ok: targets.ok,
      collector_targets_failed: targets.failed,
      collector_targets_absent: targets.absent,
      collector_devices: devices,
      collector_reads_total: runner.reads,
      collector_missed_cells_total: runner.missedCells,
      collector_rejected_total: targets.rejected,
      collector_batches_total: batches,
      collector_rows_total: rows,
      collector_published_total: published,
      collector_bus_connected: isConnected ? 1 : 0,
      collector_spool_bytes: spool.bytes,
      collector_spool_max_bytes: spool.maxBytes,
      collector_spool_dropped_total: spool.droppedRecords,
      collector_spool_segments: spool.segments,
    },
  }
}
