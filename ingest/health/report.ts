import type {
  IngestReport,
  SettleReport,
  ShardReport,
  StoreReport,
  StreamFill,
} from '#schemas/pipeline-report.ts'
import type { RoleHealth } from '#schemas/role.ts'
import type { DiskGuard } from '../disk-guard.ts'
import type { Settler } from '../settle/settle.ts'
import type { ShardStatus } from '../worker/shard-insert.ts'
import type { Histogram } from './histogram.ts'
import type { LedgerCheck } from './ledger-check.ts'

/** Which process says it. */
export interface ProcessIdentity {
  readonly host: string
  readonly version: string
  readonly startedAtMs: number
}

export interface ShardView {
  readonly shard: number
  readonly name: string
  readonly status: Readonly<ShardStatus>
}

/** Everything a report is made of, as it is in this process at the moment. */
export interface IngestView {
  readonly identity: ProcessIdentity
  readonly intervalMs: number
  readonly shards: readonly ShardView[]
  readonly settler: Pick<Settler, 'settledUntilMs' | 'status'> | null
  readonly settleFailure: string | null
  readonly ledgerCheck: Pick<LedgerCheck, 'report'>
  readonly settleSeconds: Histogram
  readonly disk: Pick<DiskGuard, 'disks'> | null
  readonly streams: readonly StreamFill[]
  readonly store: StoreReport | null
}

/**
 * The name of a process that stays over restarts: its host and what it works on. A process of other shards
 * is another one, also on the same host.
 */
export function processName(host: string, shards: readonly number[]): string {
  if (shards.length === 0) return `${host}/settle`
  const sorted = shards.toSorted((a, b) => a - b)
  const [first, last] = [sorted[0] ?? 0, sorted.at(-1) ?? 0]
  const isRange = last - first === sorted.length - 1
  const list = isRange ? (first === last ? `${first}` : `${first}-${last}`) : sorted.join(',')
  return `${host}/shard ${list}`.slice(0, 256)
}

/** What this process says of itself now. */
export function ingestReport(
  view: IngestView,
  { state, detail }: Pick<RoleHealth, 'state' | 'detail'>,
  nowMs: number,
): IngestReport {
  const { identity, shards, store } = view
  const { host, version } = identity
  const usage = process.cpuUsage()
  return {
    process: processName(
      host,
      shards.map(({ shard }) => shard),
    ),
    version,
    host,
    at_ms: nowMs,
    interval_ms: view.intervalMs,
    started_at_ms: identity.startedAtMs,
    state,
    detail: detail.slice(0, 1_024),
    rss_bytes: process.memoryUsage.rss(),
    cpu_seconds: (usage.user + usage.system) / 1e6,
    shards: shards.map(shardReport),
    settle: settleReport(view),
    disks: [...(view.disk?.disks() ?? [])],
    streams: [...view.streams],
    store,
  }
}

function shardReport({ shard, name, status }: ShardView): ShardReport {
  const { meter } = status
  return {
    shard,
    name,
    state: status.state,
    detail: status.detail.slice(0, 512),
    lag_messages: status.lagMessages,
    newest_sample_ms: meter.newestSampleMs,
    last_insert_ms: status.lastInsertMs,
    watermark_ms: meter.watermarkMs,
    inserted_rows: status.insertedRows,
    inserted_messages: status.insertedMessages,
    inserted_bytes: meter.insertedBytes,
    duplicates: status.duplicates,
    quarantined: Object.fromEntries(meter.quarantined),
    rejected: Object.fromEntries(meter.rejected),
    records_refused: status.recordsRefused,
    replays: status.replays,
    expired: status.expired,
    alarms: status.alarms,
    resends_asked: status.resendsAsked,
    resend_batches_asked: meter.batchesAsked,
    resend_batches_received: meter.batchesReceived,
    recent_resends: [...meter.recentResends],
    gaps: Object.fromEntries(meter.gaps),
    gap_batches: Object.fromEntries(meter.gapBatches),
    insert_seconds: meter.insertSeconds.recent(),
    insert_rows: meter.insertRows.recent(),
    insert_messages: meter.insertMessages.recent(),
    insert_bytes: meter.insertBytes.recent(),
  }
}

function settleReport(view: IngestView): SettleReport | null {
  const { settler, settleFailure, settleSeconds, ledgerCheck } = view
  if (settler === null) return null
  const { minutesSettled, minutesRestated, minutesWaiting, isIdle } = settler.status
  return {
    settled_until_ms: settler.settledUntilMs,
    minutes_settled: minutesSettled,
    minutes_restated: minutesRestated,
    minutes_waiting: minutesWaiting,
    idle: isIdle,
    failure: settleFailure?.slice(0, 512) ?? null,
    step_seconds: settleSeconds.recent(),
    ledger: ledgerCheck.report,
  }
}
