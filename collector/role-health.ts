import type { RoleHealth } from '#schemas/role.ts'
import type { CollectorStats } from './collector.ts'

/** State, sentence and numbers of a running collector. */
export function collectorHealth(stats: CollectorStats, isConnected: boolean): RoleHealth {
  const { targets, devices, runner, delivery, spool } = stats
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
      collector_batches_total: stats.batches,
      collector_rows_total: stats.rows,
      collector_dropped_records_total: stats.droppedRecords,
      collector_unannounced_total: stats.unannounced,
      collector_published_total: delivery.published,
      collector_publish_refusals_total: delivery.refused,
      collector_resent_total: delivery.resent,
      collector_lost_total: delivery.lost,
      collector_bus_connected: isConnected ? 1 : 0,
      ...age('collector_watermark_age_seconds', stats.watermarkMs, stats.nowMs),
      collector_spool_bytes: spool.bytes,
      collector_spool_max_bytes: spool.maxBytes,
      collector_spool_waiting_batches: spool.unreleasedRecords,
      ...age(
        'collector_spool_oldest_age_seconds',
        spool.unreleasedRecords === 0 ? null : stats.oldestMs,
        stats.nowMs,
      ),
      collector_spool_memory_bytes: spool.memoryBytes,
      collector_spool_memory_batches: spool.memoryRecords,
      collector_spool_dropped_total: spool.droppedRecords,
      collector_spool_damaged_total: spool.damagedRecords,
      collector_spool_disk_errors_total: spool.diskErrors,
      collector_spool_segments: spool.segments,
    },
  }
}

/** An age that is not known has no line. */
const age = (name: string, sinceMs: number | null, nowMs: number): Record<string, number> =>
  sinceMs === null ? {} : { [name]: Math.max(0, nowMs - sinceMs) / 1_000 }
