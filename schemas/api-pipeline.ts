import { z } from 'zod'
import { Distribution, StoreReport } from '#schemas/pipeline-report.ts'

/** What /api/v1/pipeline answers: how each stage between collectors and settled minutes is. Unknown is null. */

const time = z.iso.datetime()
const count = z.int().min(0)
const counts = z.record(z.string(), count)
const number = z.number().nullable()

/** One thing that is wrong, or worth knowing, with what to do next. */
export const PipelineFinding = z.object({
  code: z.string(),
  severity: z.enum(['failing', 'warning', 'unknown']),
  /** Stage it belongs to. */
  stage: z.enum(['collectors', 'bus', 'ingest', 'store', 'settle']),
  since: time.nullable(),
  message: z.string(),
  message_zh: z.string(),
  next: z.string(),
  next_zh: z.string(),
  /** Heading of docs/pipeline.md that explains it. */
  docs: z.string(),
})
export type PipelineFinding = z.infer<typeof PipelineFinding>

export const PipelineVerdict = z.object({
  state: z.enum(['ok', 'warning', 'failing', 'unknown']),
  /** The whole verdict as a sentence. */
  message: z.string(),
  message_zh: z.string(),
  /** Worst first. */
  findings: z.array(PipelineFinding),
})
export type PipelineVerdict = z.infer<typeof PipelineVerdict>

export const PipelineShard = z.object({
  shard: z.int(),
  name: z.string(),
  state: z.string(),
  detail: z.string(),
  lag_messages: count.nullable(),
  /** Age of the newest sample stored by this shard. */
  lag_seconds: number,
  watermark_age_seconds: number,
  last_insert_at: time.nullable(),
  inserted_rows: count,
  inserted_messages: count,
  inserted_bytes: count,
  duplicates: count,
  quarantined: counts,
  rejected: counts,
  records_refused: count,
  replays: count,
  expired: count,
  alarms: count,
  resends_asked: count,
  resend_batches_asked: count,
  resend_batches_received: count,
  gaps: counts,
  gap_batches: counts,
  insert_seconds: Distribution.nullable(),
  insert_rows: Distribution.nullable(),
  insert_messages: Distribution.nullable(),
  insert_bytes: Distribution.nullable(),
})
export type PipelineShard = z.infer<typeof PipelineShard>

/** A process that stores and settles. A silent one keeps its last word, which says nothing of now. */
export const PipelineProcess = z.object({
  process: z.string(),
  host: z.string(),
  version: z.string(),
  status: z.enum(['reporting', 'silent']),
  /** True for the process that answers this question: as of now. */
  in_process: z.boolean(),
  reported_at: time,
  age_seconds: z.number(),
  started_at: time,
  state: z.string(),
  detail: z.string(),
  memory_bytes: count,
  cpu_seconds: z.number(),
  shards: z.array(PipelineShard),
  settle: z
    .object({
      settled_until: time.nullable(),
      minutes_settled: count,
      minutes_restated: count,
      minutes_waiting: count,
      idle: z.boolean(),
      failure: z.string().nullable(),
      step_seconds: Distribution.nullable(),
    })
    .nullable(),
  disks: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      used_ratio: number,
      free_bytes: number,
    }),
  ),
  streams: z.array(
    z.object({
      name: z.string(),
      messages: count,
      bytes: count,
      max_bytes: count.nullable(),
      used_ratio: number,
      oldest_age_seconds: number,
    }),
  ),
  store: StoreReport.nullable(),
})
export type PipelineProcess = z.infer<typeof PipelineProcess>

export const PipelineCollector = z.object({
  cluster: z.string(),
  collector: z.string(),
  node: z.string(),
  /** late: it is heard, but what it said is old, because it still sends what it kept. */
  status: z.enum(['reporting', 'late', 'silent', 'stopped']),
  said_at: time,
  heard_at: time,
  age_seconds: z.number(),
  started_at: time,
  version: z.string(),
  simulated: z.boolean(),
  devices: count,
  targets: z.object({ ok: count, failed: count, absent: count }),
  batches: count,
  published: count,
  refused: count,
  resent: count,
  lost: count,
  watermark_age_seconds: number,
  spool_bytes: count,
  spool_max_bytes: count,
  /** Share of its bound, 0..1; null without a bound. */
  spool_used_ratio: number,
  spool_waiting_batches: count,
  /** Age of the oldest batch that waits; null when none does. */
  spool_oldest_age_seconds: number,
  memory_bytes: count,
  memory_batches: count,
  spool_dropped: count,
  spool_damaged: count,
  alarm: z.string(),
})
export type PipelineCollector = z.infer<typeof PipelineCollector>

export const PipelineCollectors = z.object({
  total: count,
  reporting: count,
  late: count,
  silent: count,
  stopped: count,
  /** With a disk that refuses. */
  alarmed: count,
  /** Bytes in all spools; null when no collector ever said. */
  spool_bytes: count.nullable(),
  spool_waiting_batches: count.nullable(),
  worst_spool_used_ratio: number,
  worst_spool_age_seconds: number,
  worst: z.array(PipelineCollector),
  next_cursor: z.string().nullable(),
})
export type PipelineCollectors = z.infer<typeof PipelineCollectors>

const Told = z.object({ reason: z.string(), count, newest_at: time })

export const PipelineRecent = z.object({
  /** Of the last 24 h, newest first. */
  gaps: z.array(
    z.object({
      at: time,
      cluster: z.string(),
      collector: z.string(),
      reason: z.string(),
      message: z.string(),
      message_zh: z.string(),
    }),
  ),
  /** Messages put away in the last 24 h, by reason. */
  quarantine: z.array(Told),
  /** Minutes settled again in the last 24 h, by reason. */
  restatements: z.array(Told),
  /** Ranges asked for since the processes started, newest first. */
  resends: z.array(
    z.object({
      at: time,
      cluster: z.string(),
      collector: z.string(),
      from_seq: count,
      to_seq: count,
    }),
  ),
})
export type PipelineRecent = z.infer<typeof PipelineRecent>

export const PIPELINE_SERIES = [
  'lag_messages',
  'lag_seconds',
  'rows_per_second',
  'insert_p99_seconds',
  'settle_p99_seconds',
  'settled_age_seconds',
  'spool_bytes',
  'stream_used_ratio',
  'disk_used_ratio',
  'memory_bytes',
] as const
export type PipelineSeriesName = (typeof PIPELINE_SERIES)[number]

/** The last hour by minute; a minute without a report is null. */
export const PipelineSeries = z.object({
  t0: z.int(),
  step_ms: z.int(),
  values: z.record(z.enum(PIPELINE_SERIES), z.array(number)),
})
export type PipelineSeries = z.infer<typeof PipelineSeries>

export const PipelineAnswer = z.object({
  simulated: z.boolean(),
  at: time,
  /** From when what comes from the store is; older than `at` while the store does not answer, null when it never did. */
  store_answered_at: time.nullable(),
  store_answers: z.boolean(),
  verdict: PipelineVerdict,
  /** Of all processes that report: messages not stored yet; null when one does not know. */
  lag_messages: count.nullable(),
  newest_sample_at: time.nullable(),
  lag_seconds: number,
  settled_until: time.nullable(),
  settled_age_seconds: number,
  processes: z.array(PipelineProcess),
  /** Null while the store has never answered. */
  collectors: PipelineCollectors.nullable(),
  recent: PipelineRecent,
  series: PipelineSeries,
  /** Roles of the process that answers. */
  roles: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
})
export type PipelineAnswer = z.infer<typeof PipelineAnswer>
