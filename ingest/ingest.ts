import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { Journal } from '#schemas/journal.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import type { PipelineStatus } from '#schemas/ports.ts'
import type { Clock, Logger, Role } from '#schemas/role.ts'
import { DISK_LOOK_MS, type DiskGuard } from './disk-guard.ts'
import { createCollectorTable } from './health/collectors.ts'
import { createHistogram, SECONDS_BOUNDS } from './health/histogram.ts'
import { diskMetrics, ingestState, pipelineStatus } from './health/ingest-health.ts'
import { ingestFamilies, ingestNumbers } from './health/metrics.ts'
import { ingestReport, type IngestView } from './health/report.ts'
import { createLedgerCheck } from './health/ledger-check.ts'
import { createReporter, REPORT_EVERY_MS } from './health/reporter.ts'
import type { Lease } from './bus/lease.ts'
import { createMirror, type Mirror, mirrorMetrics } from './journal/mirror.ts'
import { mirrorWhile } from './journal/mirror-loop.ts'
import { workWithPeers } from './peers/settling.ts'
import type { RepairQueue } from './settle/repair.ts'
import {
  createSettler,
  DEFAULT_SETTLE_OPTIONS,
  type SettleDeps,
  type SettleOptions,
  type Settler,
} from './settle/settle.ts'
import type { Store } from './store/store.ts'
import { endTornInserts } from './worker/insert-notes.ts'
import { createBatchCompactor } from './worker/compact-batches.ts'
import { hasLanded, loadDelivery, loadKnowledge } from './worker/load.ts'
import type { ShardHandle } from './worker/ports.ts'
import { DEFAULT_TIME_LIMITS, type TimeLimits } from './worker/read-message.ts'
import { retry, type Sleep } from './worker/retry.ts'
import type { ShardStatus } from './worker/shard-insert.ts'
import { DEFAULT_READER_LIMITS, type ReaderOptions } from './worker/shard-reader.ts'
import { createShard, type Shard } from './worker/shard.ts'
import type { DeviceKnowledge } from './worker/stage.ts'

export interface IngestOptions {
  readonly timeLimits?: TimeLimits
  readonly shard?: Partial<Omit<ReaderOptions, 'timeLimits'>>
  readonly settle?: Partial<SettleOptions>
  /** False in a process that only fills raw tables because another one settles. Default true. */
  readonly settles?: boolean
  /** How often this process writes what it says of itself, ms. Default 10 s. */
  readonly reportEveryMs?: number
}

export interface IngestDeps {
  readonly store: Pick<Store, 'command' | 'query' | 'insertJson' | 'insertNative'>
  /** One per stream partition or local spool that this process reads. */
  readonly shards: readonly ShardHandle[]
  readonly log: Logger
  readonly clock?: Clock
  readonly sleep?: Sleep
  /** Where people ask for windows to be settled again. */
  readonly repairs?: RepairQueue
  /** What models may draw and share, for their energy; absent = the built-in ones. */
  readonly models?: ModelCatalogue
  /** What people change; the process that settles mirrors it into tables. Absent = nobody does. */
  readonly journal?: Journal
  /** Holds ingest back while a disk is nearly full; absent = nobody watches. */
  readonly disk?: DiskGuard
  /**
   * Set where several processes may fill one store: this one learns what the others store, and settles while it
   * holds the lease. `isAlone`: it holds every shard, so what others store is what they had begun before. Absent = it
   * is the only one.
   */
  readonly peers?: { readonly settling: Lease; readonly isAlone: boolean }
  /** How this process calls itself in its reports; default the name of this machine. */
  readonly process?: { readonly host?: string; readonly version: string }
  readonly options?: IngestOptions
}

export interface Ingest extends Role {
  status(): PipelineStatus
  /** One per shard, in the order of `deps.shards`; empty before start() resolved. */
  shardStatus(): readonly Readonly<ShardStatus>[]
  /** Resolves with E_INTENT_TAKEN when another process works on one of the shards: nothing is settled then. */
  readonly ended: Promise<Error>
}

/** Pause of the settle loop while nothing is due. */
const SETTLE_IDLE_MS = 1_000
/** Sequences of boots that were heard of within this time are known at start; older ones are no duplicates. */
const DELIVERY_MEMORY_MS = 45 * 86_400_000

/**
 * The ingest role: bus -> samples -> settled minutes. start() resolves when what is stored has been
 * loaded and all shards read on; it waits for the store as long as it takes. stop() ends after the
 * inserts under way; whatever a kill -9 cuts short is repeated from the last intent.
 */
export function createIngest(deps: IngestDeps): Ingest {
  const { store, log, disk = null, clock = Date.now, options = {} } = deps
  const sleep: Sleep = deps.sleep ?? ((ms, signal) => wait(ms, undefined, { signal }))
  const stopping = new AbortController()
  let shards: readonly Shard[] = []
  let settler: Settler | null = null
  let mirror: Mirror | null = null
  let running: Promise<unknown> | null = null
  let settleFailure: string | null = null
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>()
  const hasRoom = () => disk?.hasRoom() ?? true
  const identity = {
    host: deps.process?.host ?? hostname(),
    version: deps.process?.version ?? '',
    startedAtMs: clock(),
  }
  const collectors = createCollectorTable()
  const settleSeconds = createHistogram(SECONDS_BOUNDS, clock)
  const { timeZone, earliestMs = 0 } = { ...DEFAULT_SETTLE_OPTIONS, ...options.settle }
  const ledgerCheck = createLedgerCheck({ store, clock, log, timeZone, earliestMs })
  const reportEveryMs = options.reportEveryMs ?? REPORT_EVERY_MS
  const isOver = () =>
    stopping.signal.aborted || shards.some(({ status }) => status.state === 'taken')

  const withPeers = (
    loaded: Awaited<ReturnType<typeof load>>,
    { settling, isAlone }: NonNullable<IngestDeps['peers']>,
  ): Promise<void> => {
    const { knowledge, intervals, makeSettler } = loaded
    const { signal } = stopping
    const lease = options.settles === false ? null : settling
    const parts = { store, knowledge, intervals, lease, isAlone, clock, sleep, log, signal }
    return workWithPeers({
      ...parts,
      createSettler: makeSettler,
      settle: (own, isDone) => settleAsPeer(own, isDone, knowledge),
    })
  }

  const load = () =>
    retry(
      async () => {
        for (const { shard, owns } of deps.shards) {
          const stored = () => loadDelivery(store, clock() - DELIVERY_MEMORY_MS, owns)
          await endTornInserts(shard, { store, loadDelivery: stored, nowMs: clock(), log })
        }
        const { knowledge, intervals } = await loadKnowledge(store, clock())
        const settling = {
          ...DEFAULT_SETTLE_OPTIONS,
          ...options.settle,
        }
        const { repairs, models } = deps
        const asked = {
          ...(repairs === undefined ? {} : { repairs }),
          ...(models === undefined ? {} : { models }),
        }
        const parts = { store, capacity: knowledge.capacity, intervals, clock, log, ...asked }
        const settlesAlways = deps.peers === undefined && options.settles !== false
        const made = settlesAlways ? await createSettler({ ...parts, options: settling }) : null
        const deliveries = await Promise.all(
          deps.shards.map(({ owns }) => loadDelivery(store, clock() - DELIVERY_MEMORY_MS, owns)),
        )
        const makeSettler = (peers: Pick<SettleDeps, 'intervals' | 'shared'>) =>
          createSettler({ ...parts, options: settling, ...peers })
        return { knowledge, intervals, settler: made, makeSettler, deliveries }
      },
      {
        sleep,
        signal: stopping.signal,
        onFailure(error, attempt) {
          if (attempt === 1)
            log.warn('store does not answer, waiting for it', { cause: message(error) })
        },
      },
    )

  const timedStep = async (own: Settler) => {
    const startedAtMs = clock()
    const didWork = await own.step()
    // A look that found nothing to do would make every piece of work seem quick.
    if (didWork) settleSeconds.observe(Math.max(0, clock() - startedAtMs) / 1_000)
    return didWork
  }

  const settleLoop = async (own: Settler, isDone: () => boolean = isOver) => {
    while (!isDone()) {
      try {
        // Settling writes too, and what it would settle now lacks what waits in the spools.
        while (hasRoom() && (await timedStep(own))) if (isDone()) return
        if (settleFailure !== null) log.info('settling works again')
        settleFailure = null
        await ledgerCheck.look(own)
      } catch (error) {
        if (settleFailure === null)
          log.warn('settling failed, trying again', { cause: message(error) })
        settleFailure = message(error)
      }
      await sleep(SETTLE_IDLE_MS, stopping.signal).catch(() => undefined)
    }
  }

  /** With a new mirror each time: another process may have mirrored in between. */
  const mirrorJournal = async (known: DeviceKnowledge, isDone: () => boolean = isOver) => {
    const { journal } = deps
    if (journal === undefined) return
    const { registry, capacity } = known
    const own = createMirror({ journal, store, registry, capacity, clock, log })
    mirror = own
    const { signal } = stopping
    await mirrorWhile({ mirror: own, hasRoom, isOver: isDone, sleep, signal, log })
    mirror = null
  }

  const settleAsPeer = async (own: Settler, isDone: () => boolean, known: DeviceKnowledge) => {
    settler = own
    const isEither = () => isOver() || isDone()
    await Promise.all([settleLoop(own, isEither), mirrorJournal(known, isEither)])
    settler = null
  }

  const watchDisk = async (guard: DiskGuard) => {
    while (!isOver()) {
      await sleep(DISK_LOOK_MS, stopping.signal).catch(() => undefined)
      if (!isOver()) await guard.look()
    }
  }

  const view = (): IngestView => ({
    identity,
    intervalMs: reportEveryMs,
    shards: shards.flatMap(({ status }, index) => {
      const handle = deps.shards[index]
      return handle === undefined ? [] : [{ shard: handle.shard, name: handle.name, status }]
    }),
    settler,
    settleFailure,
    ledgerCheck,
    settleSeconds,
    disk,
    streams: deps.shards.flatMap((handle) => handle.log.fill?.() ?? []),
    store: reporter.store,
  })
  const state = () =>
    ingestState(
      shards,
      {
        isStopped: stopping.signal.aborted,
        isLoaded: shards.length > 0 || settler !== null,
        settleFailure,
      },
      disk?.status ?? null,
    )
  const report = () => ingestReport(view(), state(), clock())
  const reporter = createReporter({ store, collectors, report, clock, log })

  const reportLoop = async () => {
    let reportedAtMs = -Infinity
    while (!isOver()) {
      // Also after a clock that went back.
      if (Math.abs(clock() - reportedAtMs) >= reportEveryMs) {
        reportedAtMs = clock()
        await reporter.report()
      }
      await sleep(reportEveryMs, stopping.signal).catch(() => undefined)
    }
  }

  return {
    name: 'ingest',
    ended,
    async start() {
      const loaded = await load()
      settler = loaded.settler
      await disk?.look()
      shards = deps.shards.map((handle, index) => {
        const delivery = loaded.deliveries[index]
        if (delivery === undefined) throw new Error('one delivery state per shard')
        const compactor = createBatchCompactor({ store, shard: handle.shard, delivery, clock, log })
        return createShard({
          handle,
          store,
          delivery,
          clock,
          sleep,
          log,
          knowledge: loaded.knowledge,
          hasRoom,
          upkeep: () => compactor.step(),
          hasLanded: (intent) => hasLanded(store, intent, clock() - DELIVERY_MEMORY_MS),
          options: {
            ...DEFAULT_READER_LIMITS,
            ...options.shard,
            timeLimits: options.timeLimits ?? DEFAULT_TIME_LIMITS,
          },
          onStored(staged) {
            for (const sighting of staged.sightings) loaded.knowledge.capacity.observe(sighting)
            loaded.settler?.noteStored(staged)
            collectors.note(staged.records.statuses)
          },
        })
      })
      const ends = shards.map((shard) =>
        shard.run().catch((error: unknown) => {
          log.error('a shard stopped for good', { cause: message(error) })
          end(error instanceof Error ? error : new Error(message(error)))
        }),
      )
      running = Promise.all([
        ...ends,
        ...(settler === null ? [] : [settleLoop(settler), mirrorJournal(loaded.knowledge)]),
        ...(deps.peers === undefined ? [] : [withPeers(loaded, deps.peers)]),
        ...(disk === null ? [] : [watchDisk(disk)]),
        reportLoop(),
      ])
    },
    async stop() {
      stopping.abort()
      await Promise.all(shards.map((shard) => shard.stop()))
      await running
    },
    health() {
      const numbers = { ...view(), collectors, reportFailures: reporter.failures, nowMs: clock() }
      return {
        ...state(),
        metrics: {
          ...ingestNumbers(numbers),
          ...diskMetrics(disk?.status ?? null),
          ...mirrorMetrics(mirror?.status ?? null),
        },
        families: ingestFamilies(numbers),
      }
    },
    status: () => ({
      ...pipelineStatus(shards, settler),
      disk: disk?.status ?? null,
      report: report(),
    }),
    shardStatus: () => shards.map(({ status }) => status),
  }
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))
