import type { PipelineCollector, PipelineProcess, PipelineShard } from '#schemas/api-pipeline.ts'
import type { ShardReport } from '#schemas/pipeline-report.ts'
import type { ProcessFacts } from './pipeline-facts.ts'
import type { CollectorRow } from './queries/pipeline.ts'
import { iso, isoOrNull } from './window.ts'

/** Seconds since a moment, never negative; null when there was none. */
export const ageOrNull = (ms: number | null, nowMs: number): number | null =>
  ms === null ? null : Math.max(0, nowMs - ms) / 1_000

/** A process as the API tells it: ages instead of moments, so that a reader needs no clock. */
export function pipelineProcess(one: ProcessFacts, nowMs: number): PipelineProcess {
  const { report, status, inProcess } = one
  const { settle } = report
  return {
    process: report.process,
    host: report.host,
    version: report.version,
    status,
    in_process: inProcess,
    reported_at: iso(report.at_ms),
    age_seconds: Math.max(0, nowMs - report.at_ms) / 1_000,
    started_at: iso(report.started_at_ms),
    state: report.state,
    detail: report.detail,
    memory_bytes: report.rss_bytes,
    cpu_seconds: report.cpu_seconds,
    shards: report.shards.map((shard) => pipelineShard(shard, nowMs)),
    settle:
      settle === null
        ? null
        : {
            settled_until: isoOrNull(settle.settled_until_ms),
            minutes_settled: settle.minutes_settled,
            minutes_restated: settle.minutes_restated,
            minutes_waiting: settle.minutes_waiting,
            idle: settle.idle,
            failure: settle.failure,
            step_seconds: settle.step_seconds,
          },
    disks: report.disks,
    streams: report.streams.map(({ name, messages, bytes, max_bytes, oldest_ms }) => ({
      name,
      messages,
      bytes,
      max_bytes,
      used_ratio: max_bytes === null || max_bytes === 0 ? null : bytes / max_bytes,
      oldest_age_seconds: ageOrNull(oldest_ms, nowMs),
    })),
    store: report.store,
  }
}

function pipelineShard(shard: ShardReport, nowMs: number): PipelineShard {
  const { newest_sample_ms, last_insert_ms, watermark_ms, recent_resends: _, ...rest } = shard
  return {
    ...rest,
    lag_seconds: ageOrNull(newest_sample_ms, nowMs),
    watermark_age_seconds: ageOrNull(watermark_ms, nowMs),
    last_insert_at: isoOrNull(last_insert_ms),
  }
}

export function pipelineCollector(row: CollectorRow, nowMs: number): PipelineCollector {
  return {
    cluster: row.cluster,
    collector: row.collector,
    node: row.node,
    status: row.status,
    said_at: iso(row.said_ms),
    heard_at: iso(row.heard_ms),
    age_seconds: Math.max(0, nowMs - row.heard_ms) / 1_000,
    started_at: iso(row.started_ms),
    version: row.version,
    simulated: row.simulated === 1,
    devices: row.devices,
    targets: { ok: row.targets_ok, failed: row.targets_failed, absent: row.targets_absent },
    batches: row.batches,
    published: row.published,
    refused: row.refused,
    resent: row.resent,
    lost: row.lost,
    watermark_age_seconds: ageOrNull(row.watermark_ms, nowMs),
    spool_bytes: row.spool_bytes,
    spool_max_bytes: row.spool_max_bytes,
    spool_used_ratio: row.spool_used_ratio,
    spool_waiting_batches: row.spool_waiting,
    spool_oldest_age_seconds: ageOrNull(row.spool_oldest_ms, nowMs),
    memory_bytes: row.memory_bytes,
    memory_batches: row.memory_batches,
    spool_dropped: row.spool_dropped,
    spool_damaged: row.spool_damaged,
    alarm: row.alarm,
  }
}
