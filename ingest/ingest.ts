import { setTimeout as wait } from 'node:timers/promises'
import type { DiskStatus, PipelineStatus } from '#schemas/ports.ts'
import type { Clock, Logger, Role, RoleHealth } from '#schemas/role.ts'
import { DISK_LOOK_MS, type DiskGuard } from './disk-guard.ts'
import type { RepairQueue } from './settle/repair.ts'
import {
  createSettler,
  DEFAULT_SETTLE_OPTIONS,
  type SettleOptions,
  type Settler,
} from './settle/settle.ts'
import type { Store } from './store/store.ts'
import { hasLanded, loadDelivery, loadKnowledge } from './worker/load.ts'
import type { ShardHandle } from './worker/ports.ts'
import { DEFAULT_TIME_LIMITS, type TimeLimits } from './worker/read-message.ts'
import { retry, type Sleep } from './worker/retry.ts'
import type { ShardStatus } from './worker/shard-insert.ts'
import { DEFAULT_READER_LIMITS, type ReaderOptions } from './worker/shard-reader.ts'
import { createShard, type Shard } from './worker/shard.ts'

export interface IngestOptions {
  readonly timeLimits?: TimeLimits
  readonly shard?: Partial<Omit<ReaderOptions, 'timeLimits'>>
  readonly settle?: Partial<SettleOptions>
  /** False in a process that only fills raw tables because another one settles. Default true. */
  readonly settles?: boolean
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
  /** Holds ingest back while a disk is nearly full; absent = nobody watches. */
  readonly disk?: DiskGuard
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
const DELIVERY_MEMORY_MS = 35 * 86_400_000

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
  let running: Promise<unknown> | null = null
  let settleFailure: string | null = null
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>()
  const hasRoom = () => disk?.hasRoom() ?? true
  const isOver = () =>
    stopping.signal.aborted || shards.some(({ status }) => status.state === 'taken')

  const load = () =>
    retry(
      async () => {
        const { knowledge, intervals } = await loadKnowledge(store, clock())
        const settling = {
          ...DEFAULT_SETTLE_OPTIONS,
          ...options.settle,
        }
        const asked = deps.repairs === undefined ? {} : { repairs: deps.repairs }
        const parts = { store, capacity: knowledge.capacity, intervals, clock, log, ...asked }
        const made =
          options.settles === false ? null : await createSettler({ ...parts, options: settling })
        const deliveries = await Promise.all(
          deps.shards.map(() => loadDelivery(store, clock() - DELIVERY_MEMORY_MS)),
        )
        return { knowledge, settler: made, deliveries }
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

  const settleLoop = async (own: Settler) => {
    while (!isOver()) {
      try {
        // Settling writes too, and what it would settle now lacks what waits in the spools.
        while (hasRoom() && (await own.step())) if (isOver()) return
        if (settleFailure !== null) log.info('settling works again')
        settleFailure = null
      } catch (error) {
        if (settleFailure === null)
          log.warn('settling failed, trying again', { cause: message(error) })
        settleFailure = message(error)
      }
      await sleep(SETTLE_IDLE_MS, stopping.signal).catch(() => undefined)
    }
  }

  const watchDisk = async (guard: DiskGuard) => {
    while (!isOver()) {
      await sleep(DISK_LOOK_MS, stopping.signal).catch(() => undefined)
      if (!isOver()) await guard.look()
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
        return createShard({
          handle,
          store,
          delivery,
          clock,
          sleep,
          log,
          knowledge: loaded.knowledge,
          hasRoom,
          hasLanded: (intent) => hasLanded(store, intent, clock() - DELIVERY_MEMORY_MS),
          options: {
            ...DEFAULT_READER_LIMITS,
            ...options.shard,
            timeLimits: options.timeLimits ?? DEFAULT_TIME_LIMITS,
          },
          onStored(staged) {
            for (const sighting of staged.sightings) loaded.knowledge.capacity.observe(sighting)
            loaded.settler?.noteStored(staged)
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
        ...(settler === null ? [] : [settleLoop(settler)]),
        ...(disk === null ? [] : [watchDisk(disk)]),
      ])
    },
    async stop() {
      stopping.abort()
      await Promise.all(shards.map((shard) => shard.stop()))
      await running
    },
    health: () =>
      withDisk(
        health(shards, settler, { isStopped: stopping.signal.aborted, settleFailure }),
        disk?.status ?? null,
      ),
    status: () => ({ ...pipelineStatus(shards, settler), disk: disk?.status ?? null }),
    shardStatus: () => shards.map(({ status }) => status),
  }
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

function pipelineStatus(
  shards: readonly Shard[],
  settler: Settler | null,
): Omit<PipelineStatus, 'disk'> {
  const lags = shards.map(({ status }) => status.lagMessages)
  const inserts = shards.flatMap(({ status }) => status.lastInsertMs ?? [])
  return {
    lag_messages: lags.includes(null) ? null : sum(lags.map((lag) => lag ?? 0)),
    last_insert_ms: inserts.length === 0 ? null : Math.max(...inserts),
    inserted_rows: sum(shards.map(({ status }) => status.insertedRows)),
    quarantined: sum(shards.map(({ status }) => status.quarantined)),
    settled_until_ms: settler?.settledUntilMs ?? null,
  }
}

function health(
  shards: readonly Shard[],
  settler: Settler | null,
  role: { readonly isStopped: boolean; readonly settleFailure: string | null },
): RoleHealth {
  const total = (pick: (status: Shard['status']) => number) =>
    sum(shards.map(({ status }) => pick(status)))
  const metrics: Record<string, number> = {
    ingest_inserted_rows_total: total((status) => status.insertedRows),
    ingest_inserted_messages_total: total((status) => status.insertedMessages),
    ingest_duplicates_total: total((status) => status.duplicates),
    ingest_quarantined_total: total((status) => status.quarantined),
    ingest_values_rejected_total: total((status) => status.valuesRejected),
    ingest_records_refused_total: total((status) => status.recordsRefused),
    ingest_replays_total: total((status) => status.replays),
    ingest_expired_messages_total: total((status) => status.expired),
    ingest_log_alarms_total: total((status) => status.alarms),
    ingest_resends_asked_total: total((status) => status.resendsAsked),
    ingest_lag_messages: total((status) => status.lagMessages ?? 0),
    settle_minutes_total: settler?.status.minutesSettled ?? 0,
    settle_restated_minutes_total: settler?.status.minutesRestated ?? 0,
    settle_waiting_minutes: settler?.status.minutesWaiting ?? 0,
    settle_idle: settler?.status.isIdle === true ? 1 : 0,
    settle_settled_until_seconds: (settler?.settledUntilMs ?? 0) / 1_000,
  }
  if (role.isStopped) return { state: 'stopped', detail: '', metrics }
  const worst = shards.find(({ status }) => status.state === 'taken' || status.state === 'failed')
  if (worst !== undefined) return { state: 'failed', detail: worst.status.detail, metrics }
  const away = shards.find(({ status }) => status.state !== 'ok')
  if (away !== undefined) {
    const isStarting = away.status.state === 'starting'
    return { state: isStarting ? 'starting' : 'degraded', detail: away.status.detail, metrics }
  }
  if (role.settleFailure !== null) return { state: 'degraded', detail: role.settleFailure, metrics }
  return { state: shards.length === 0 && settler === null ? 'starting' : 'ok', detail: '', metrics }
}

/** A full disk is said first: it is the cause of whatever else is wrong, and a person has to act. */
function withDisk(health: RoleHealth, disk: DiskStatus | null): RoleHealth {
  if (disk === null || disk.used_ratio === null) return health
  const metrics = {
    ...health.metrics,
    ingest_disk_used_ratio: disk.used_ratio,
    ingest_disk_free_bytes: disk.free_bytes ?? 0,
    ingest_disk_warning: disk.state === 'ok' ? 0 : 1,
    ingest_disk_stopped: disk.state === 'stopped' ? 1 : 0,
  }
  const isWell = health.state === 'ok' || health.state === 'degraded'
  if (disk.detail === '' || !isWell) return { ...health, metrics }
  return {
    state: 'degraded',
    detail: [disk.detail, health.detail].filter((text) => text !== '').join('; '),
    metrics,
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
