import { z } from 'zod'
import { epochMsOrNull, int64, namedQuery } from '../named-query.ts'

const nowParams = z.strictObject({ now_ms: z.int() })
const limited = nowParams.extend({ limit: z.int() })
const float = z.coerce.number()
const figure = z.preprocess((value) => value ?? null, float.nullable())

export const pipelineProcesses = namedQuery({
  file: new URL('pipeline-processes.sql', import.meta.url),
  params: limited,
  row: z.strictObject({ process: z.string(), at_ms: int64, report: z.string() }),
})

export const pipelineSeries = namedQuery({
  file: new URL('pipeline-series.sql', import.meta.url),
  params: z.strictObject({ from_ms: z.int(), to_ms: z.int() }),
  row: z.strictObject({
    minute_ms: int64,
    lag_messages: figure,
    lag_seconds: figure,
    rows_per_second: figure,
    insert_p99_seconds: figure,
    settle_p99_seconds: figure,
    settled_age_seconds: figure,
    spool_bytes: figure,
    stream_used_ratio: figure,
    disk_used_ratio: figure,
    memory_bytes: figure,
  }),
})

const CollectorRow = z.strictObject({
  cluster: z.string(),
  collector: z.string(),
  node: z.string(),
  status: z.enum(['reporting', 'late', 'silent', 'stopped']),
  said_ms: int64,
  heard_ms: int64,
  started_ms: int64,
  version: z.string(),
  simulated: z.int(),
  devices: z.int(),
  targets_ok: z.int(),
  targets_failed: z.int(),
  targets_absent: z.int(),
  batches: int64,
  published: int64,
  refused: int64,
  resent: int64,
  lost: int64,
  watermark_ms: epochMsOrNull,
  spool_bytes: int64,
  spool_max_bytes: int64,
  spool_used_ratio: figure,
  spool_waiting: int64,
  spool_oldest_ms: epochMsOrNull,
  memory_bytes: int64,
  memory_batches: int64,
  spool_dropped: int64,
  spool_damaged: int64,
  alarm: z.string(),
})
export type CollectorRow = z.infer<typeof CollectorRow>

export const pipelineCollectors = namedQuery({
  file: new URL('pipeline-collectors.sql', import.meta.url),
  params: limited.extend({ offset: z.int() }),
  row: CollectorRow,
})

const CollectorTotals = z.strictObject({
  total: int64,
  reporting: int64,
  late: int64,
  silent: int64,
  stopped: int64,
  alarmed: int64,
  spool_bytes: int64,
  spool_waiting_batches: int64,
  worst_spool_used_ratio: figure,
  oldest_ms: figure,
  silent_since_ms: epochMsOrNull,
  silent_longest: z.string(),
  fullest: z.string(),
})
export type CollectorTotals = z.infer<typeof CollectorTotals>

export const pipelineCollectorTotals = namedQuery({
  file: new URL('pipeline-collector-totals.sql', import.meta.url),
  params: nowParams,
  row: CollectorTotals,
})

const GapRow = z.strictObject({
  at_ms: int64,
  cluster: z.string(),
  collector: z.string(),
  reason: z.string(),
  message: z.string(),
  message_zh: z.string(),
  total: int64,
})
export type GapRow = z.infer<typeof GapRow>

export const pipelineGaps = namedQuery({
  file: new URL('pipeline-gaps.sql', import.meta.url),
  params: limited,
  row: GapRow,
})

const RefusalRow = z.strictObject({
  kind: z.enum(['quarantine', 'restatement']),
  reason: z.string(),
  found: int64,
  newest_ms: int64,
})
export type RefusalRow = z.infer<typeof RefusalRow>

export const pipelineRefusals = namedQuery({
  file: new URL('pipeline-refusals.sql', import.meta.url),
  params: limited,
  row: RefusalRow,
})

export const pipelineFacts = namedQuery({
  file: new URL('pipeline-facts.sql', import.meta.url),
  params: z.strictObject({}),
  row: z.strictObject({
    newest_sample_ms: z.preprocess((value) => value ?? 0, epochMsOrNull),
    newest_minute_ms: z.preprocess((value) => value ?? 0, epochMsOrNull),
  }),
})
