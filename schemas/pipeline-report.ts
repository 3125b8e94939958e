import { z } from 'zod'

/**
 * What an ingest process says about itself every few seconds: to the store for other processes, and in
 * place to the query role beside it. Read tolerantly: another version may have written it.
 */

const epochMs = z.int().min(0).max(8.64e15)
const count = z.int().min(0)
const counts = z.record(z.string(), count)

/** Observations of the last five minutes. Quantiles are as exact as the buckets behind them. */
export const Distribution = z.object({
  count,
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
})
export type Distribution = z.infer<typeof Distribution>

/** A range of batches that was missing and asked for. */
export const ResendAsked = z.object({
  at_ms: epochMs,
  cluster: z.string(),
  collector: z.string(),
  from_seq: count,
  to_seq: count,
})
export type ResendAsked = z.infer<typeof ResendAsked>

export const ShardReport = z.object({
  shard: z.int(),
  name: z.string(),
  state: z.enum(['starting', 'ok', 'store_away', 'bus_away', 'failed', 'taken', 'stopped']),
  detail: z.string(),
  lag_messages: count.nullable(),
  /** Time of the newest sample this process stored; null before the first. */
  newest_sample_ms: epochMs.nullable(),
  last_insert_ms: epochMs.nullable(),
  /** When collectors were last told what is stored. */
  watermark_ms: epochMs.nullable(),
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
  recent_resends: z.array(ResendAsked),
  gaps: counts,
  gap_batches: counts,
  insert_seconds: Distribution.nullable(),
  insert_rows: Distribution.nullable(),
  insert_messages: Distribution.nullable(),
  insert_bytes: Distribution.nullable(),
})
export type ShardReport = z.infer<typeof ShardReport>

/** What the check of the ledger found (ingest/health/ledger-check.ts). */
export const LedgerCheckReport = z.object({
  /** Looks since the process began, and the seconds they took. */
  runs: count,
  seconds: z.number(),
  /** Groups whose sums are not what they must be, until they are whole again. */
  broken_groups: count,
  /** One of them for a person: window, tables, group, rules; null = none. */
  example: z.string().nullable(),
  /** The last look failed. */
  failing: z.boolean(),
})
export type LedgerCheckReport = z.infer<typeof LedgerCheckReport>

export const SettleReport = z.object({
  settled_until_ms: epochMs.nullable(),
  minutes_settled: count,
  minutes_restated: count,
  minutes_waiting: count,
  idle: z.boolean(),
  /** Why the last piece of work failed, null when it did not. */
  failure: z.string().nullable(),
  step_seconds: Distribution.nullable(),
  // Processes before 0.6 do not check.
  ledger: LedgerCheckReport.nullable().default(null),
})
export type SettleReport = z.infer<typeof SettleReport>

export const WatchedDisk = z.object({
  name: z.string(),
  state: z.enum(['unknown', 'ok', 'warning', 'stopped']),
  used_ratio: z.number().nullable(),
  free_bytes: z.number().nullable(),
})
export type WatchedDisk = z.infer<typeof WatchedDisk>

/** How full a stream of the bus is. */
export const StreamFill = z.object({
  name: z.string(),
  messages: count,
  bytes: count,
  /** Null = no bound. */
  max_bytes: count.nullable(),
  oldest_ms: epochMs.nullable(),
})
export type StreamFill = z.infer<typeof StreamFill>

export const StoreReport = z.object({
  version: z.string(),
  uptime_seconds: z.number(),
  memory_bytes: z.number().nullable(),
  memory_limit_bytes: z.number().nullable(),
})
export type StoreReport = z.infer<typeof StoreReport>

export const IngestReport = z.object({
  /** The same over restarts: host and the shards it works on. */
  process: z.string(),
  version: z.string(),
  host: z.string(),
  at_ms: epochMs,
  /** A process that is not heard of for two and a half of these is silent. */
  interval_ms: count,
  started_at_ms: epochMs,
  state: z.enum(['starting', 'ok', 'degraded', 'failed', 'stopped']),
  detail: z.string(),
  rss_bytes: count,
  cpu_seconds: z.number(),
  shards: z.array(ShardReport),
  /** Null in a process that does not settle. */
  settle: SettleReport.nullable(),
  disks: z.array(WatchedDisk),
  streams: z.array(StreamFill),
  /** Null when the store did not answer the last look. */
  store: StoreReport.nullable(),
})
export type IngestReport = z.infer<typeof IngestReport>

/** How many of its intervals a process may be silent before it is called so. */
export const SILENT_AFTER_INTERVALS = 2.5
