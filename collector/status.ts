import type { CollectorStatusRecord } from '#schemas/records.ts'
import type { HealthStats } from './health.ts'
import type { DeliveryStats } from './delivery.ts'
import type { PipelineStats } from './pipeline.ts'
import type { Spool, SpoolStats } from './spool/spool.ts'

/** What a collector's word about itself is made of. */
export interface StatusView {
  readonly node: string
  readonly version: string
  readonly everyMs: number
  readonly startedAtMs: number
  readonly watermarkMs: number | null
  readonly targets: HealthStats
  readonly pipeline: PipelineStats
  readonly delivery: DeliveryStats
  readonly spool: SpoolStats
  /** When the oldest batch that waits was spooled; null = nothing waits, or it cannot be read. */
  readonly oldestMs: number | null
}

/** The record that goes upstream, as of now. */
export function statusRecord(
  view: StatusView,
  { atMs, stopping }: { readonly atMs: number; readonly stopping: boolean },
): CollectorStatusRecord {
  const { targets, pipeline, delivery, spool } = view
  const usage = process.cpuUsage()
  return {
    kind: 'collector_status',
    at_ms: atMs,
    node: view.node,
    version: view.version,
    interval_ms: view.everyMs,
    started_at_ms: view.startedAtMs,
    stopping,
    devices: pipeline.devices,
    targets: { ok: targets.ok, failed: targets.failed, absent: targets.absent },
    batches: pipeline.batches,
    rows: pipeline.rows,
    published: delivery.published,
    refused: delivery.refused,
    resent: delivery.resent,
    lost: delivery.lost,
    dropped_records: pipeline.droppedRecords,
    watermark_ms: view.watermarkMs,
    spool: {
      bytes: spool.bytes,
      max_bytes: spool.maxBytes,
      waiting: spool.unreleasedRecords,
      oldest_ms: spool.unreleasedRecords === 0 ? null : view.oldestMs,
      memory_bytes: spool.memoryBytes,
      memory_batches: spool.memoryRecords,
      dropped: spool.droppedRecords,
      damaged: spool.damagedRecords,
      disk_errors: spool.diskErrors,
      alarm: spool.alarm ?? '',
    },
    rss_bytes: process.memoryUsage.rss(),
    cpu_seconds: (usage.user + usage.system) / 1e6,
  }
}

/** When the oldest batch that is not known to be in the store was spooled, epoch ms; null when none is. */
export async function oldestWaiting(
  spool: Pick<Spool, 'stats' | 'first' | 'readFrom'>,
): Promise<number | null> {
  const { unreleasedRecords, releasedPosition } = spool.stats()
  if (unreleasedRecords === 0) return null
  try {
    const from = Math.max(spool.first(), releasedPosition + 1)
    const [record] = await spool.readFrom(from, 1)
    return record?.appendedAtMs ?? null
  } catch {
    // A disk that cannot be read: the alarm of the spool says so.
    return null
  }
}
