import { SILENT_AFTER_INTERVALS } from '#schemas/pipeline-report.ts'
import type { MetricFamily } from '#schemas/self-metrics.ts'
import type { Sender } from '../worker/delivery.ts'
import type { CollectorStatus } from '../worker/record-rows.ts'
import { iso } from '../worker/rows.ts'

/** Collectors remembered; the one heard of least recently goes first, and the store still has its last word. */
const COLLECTORS_MAX = 50_000
/** A collector that fell silent so long ago is forgotten here. */
const FORGOTTEN_MS = 86_400_000
/** How many of the worst are named on /metrics. */
const WORST = 5

/** A row of `collector_status`. */
export type StatusRow = ReturnType<typeof statusRow>

/** The last word of each collector this process heard of. */
export interface CollectorTable {
  note(statuses: readonly CollectorStatus[]): void
  /** Rows of `collector_status` that are new since the last call; `restore` puts them back after a failure. */
  takeRows(): readonly StatusRow[]
  restore(rows: readonly StatusRow[]): void
  /** Bytes in the spools of collectors that are heard of; null when none is. */
  spoolBytes(nowMs: number): number | null
  families(nowMs: number): readonly MetricFamily[]
}

export function createCollectorTable(): CollectorTable {
  const known = new Map<string, CollectorStatus>()
  /** By collector: what the store does not have yet. */
  const unwritten = new Map<string, StatusRow>()

  const prune = (nowMs: number) => {
    for (const [key, { receivedAtMs }] of known)
      if (nowMs - receivedAtMs > FORGOTTEN_MS) known.delete(key)
  }
  return {
    note(statuses) {
      for (const status of statuses) {
        const key = keyOf(status.sender)
        if ((known.get(key)?.atMs ?? -Infinity) > status.atMs) continue
        known.delete(key)
        known.set(key, status)
        if (unwritten.size < COLLECTORS_MAX) unwritten.set(key, statusRow(status))
      }
      for (const oldest of known.keys()) {
        if (known.size <= COLLECTORS_MAX) break
        known.delete(oldest)
      }
    },
    takeRows() {
      const rows = [...unwritten.values()]
      unwritten.clear()
      return rows
    },
    restore(rows) {
      for (const row of rows) {
        const key = keyOf(row)
        // What came meanwhile is newer.
        if (!unwritten.has(key)) unwritten.set(key, row)
      }
    },
    spoolBytes(nowMs) {
      prune(nowMs)
      if (known.size === 0) return null
      let bytes = 0
      for (const { record } of known.values()) bytes += record.spool.bytes
      return bytes
    },
    families(nowMs) {
      prune(nowMs)
      return familiesOf([...known.values()], nowMs)
    },
  }
}

function familiesOf(all: readonly CollectorStatus[], nowMs: number): readonly MetricFamily[] {
  const states = { reporting: 0, silent: 0, stopped: 0 }
  for (const status of all) states[stateOf(status, nowMs)] += 1
  const worst = (value: (status: CollectorStatus) => number | null) =>
    all
      .flatMap((status) => {
        const number = value(status)
        return number === null ? [] : [{ labels: labelsOf(status), value: number }]
      })
      .toSorted((a, b) => b.value - a.value)
      .slice(0, WORST)
  const ratio = ({ record: { spool } }: CollectorStatus) =>
    spool.max_bytes === 0 ? null : spool.bytes / spool.max_bytes
  const oldest = ({ record: { spool }, shiftMs }: CollectorStatus) =>
    spool.oldest_ms === null ? null : Math.max(0, nowMs - spool.oldest_ms - shiftMs) / 1_000
  return [
    {
      name: 'collectors',
      samples: Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
    },
    ...(all.length === 0
      ? []
      : [
          {
            name: 'collectors_spool_bytes',
            samples: [{ value: all.reduce((sum, { record }) => sum + record.spool.bytes, 0) }],
          } as const,
        ]),
    { name: 'collectors_worst_spool_ratio', samples: worst(ratio) },
    { name: 'collectors_worst_spool_age_seconds', samples: worst(oldest) },
  ]
}

/** Whether a collector still speaks. Pure. */
export function stateOf(
  { receivedAtMs, record }: Pick<CollectorStatus, 'receivedAtMs' | 'record'>,
  nowMs: number,
): 'reporting' | 'silent' | 'stopped' {
  if (record.stopping) return 'stopped'
  const silentMs = SILENT_AFTER_INTERVALS * record.interval_ms
  return nowMs - receivedAtMs > silentMs ? 'silent' : 'reporting'
}

const keyOf = ({ cluster, collector }: Pick<Sender, 'cluster' | 'collector'>) =>
  `${cluster}/${collector}`
const labelsOf = ({ sender: { cluster, collector } }: CollectorStatus) => ({ cluster, collector })

function statusRow({ sender, atMs, receivedAtMs, shiftMs, simulated, record }: CollectorStatus) {
  const { targets, spool } = record
  // Whatever a broken clock says has to be a time that the store can hold.
  const moment = (ms: number) => iso(Math.min(Math.max(0, ms + shiftMs), receivedAtMs))
  const momentOrNull = (ms: number | null) => (ms === null ? null : moment(ms))
  return {
    cluster: sender.cluster,
    collector: sender.collector,
    node: record.node,
    at: iso(atMs),
    received_at: iso(receivedAtMs),
    interval_ms: record.interval_ms,
    started_at: moment(record.started_at_ms),
    is_stopping: record.stopping ? 1 : 0,
    simulated: simulated ? 1 : 0,
    version: record.version,
    devices: record.devices,
    targets_ok: targets.ok,
    targets_failed: targets.failed,
    targets_absent: targets.absent,
    batches: record.batches,
    sample_rows: record.rows,
    published: record.published,
    refused: record.refused,
    resent: record.resent,
    lost: record.lost,
    dropped_records: record.dropped_records,
    watermark_at: momentOrNull(record.watermark_ms),
    spool_bytes: spool.bytes,
    spool_max_bytes: spool.max_bytes,
    spool_waiting: spool.waiting,
    spool_oldest_at: momentOrNull(spool.oldest_ms),
    memory_bytes: spool.memory_bytes,
    memory_batches: spool.memory_batches,
    spool_dropped: spool.dropped,
    spool_damaged: spool.damaged,
    disk_errors: spool.disk_errors,
    alarm: spool.alarm,
    rss_bytes: record.rss_bytes,
    cpu_seconds: record.cpu_seconds,
  }
}
