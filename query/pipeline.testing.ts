import type { IngestReport, ShardReport } from '#schemas/pipeline-report.ts'
import type { PipelineFacts, ProcessFacts } from './pipeline-facts.ts'

export const NOW_MS = Date.UTC(2026, 4, 4, 8)

/** A shard that is well. */
export const shardReport = (more: Partial<ShardReport> = {}): ShardReport => ({
  shard: 0,
  name: 'jetstream-0',
  state: 'ok',
  detail: '',
  lag_messages: 0,
  newest_sample_ms: NOW_MS - 2_000,
  last_insert_ms: NOW_MS - 1_000,
  watermark_ms: NOW_MS - 1_000,
  inserted_rows: 1_000,
  inserted_messages: 100,
  inserted_bytes: 10_000,
  duplicates: 0,
  quarantined: {},
  rejected: {},
  records_refused: 0,
  replays: 0,
  expired: 0,
  alarms: 0,
  resends_asked: 0,
  resend_batches_asked: 0,
  resend_batches_received: 0,
  recent_resends: [],
  gaps: {},
  gap_batches: {},
  insert_seconds: { count: 10, p50: 0.02, p99: 0.05, max: 0.06 },
  insert_rows: { count: 10, p50: 100, p99: 100, max: 100 },
  insert_messages: { count: 10, p50: 10, p99: 10, max: 10 },
  insert_bytes: { count: 10, p50: 1_000, p99: 1_000, max: 1_000 },
  ...more,
})

/** An ingest process that is well. */
export const ingestReport = (more: Partial<IngestReport> = {}): IngestReport => ({
  process: 'host-a/shard 0',
  version: '0.3.0',
  host: 'host-a',
  at_ms: NOW_MS - 3_000,
  interval_ms: 10_000,
  started_at_ms: NOW_MS - 86_400_000,
  state: 'ok',
  detail: '',
  rss_bytes: 150_000_000,
  cpu_seconds: 100,
  shards: [shardReport()],
  settle: {
    settled_until_ms: NOW_MS - 35_000,
    minutes_settled: 1_440,
    minutes_restated: 3,
    minutes_waiting: 0,
    idle: true,
    failure: null,
    step_seconds: null,
    ledger: { runs: 288, seconds: 20, broken_groups: 0, example: null, failing: false },
  },
  disks: [{ name: 'the disk', state: 'ok', used_ratio: 0.5, free_bytes: 1e9 }],
  streams: [],
  store: { version: '26.7', uptime_seconds: 86_400, memory_bytes: 1e8, memory_limit_bytes: 1e9 },
  ...more,
})

export const heard = (report: IngestReport, more: Partial<ProcessFacts> = {}): ProcessFacts => ({
  report,
  status: 'reporting',
  inProcess: false,
  ...more,
})

/** A pipeline in which all is well. */
export const wellFacts = (more: Partial<PipelineFacts> = {}): PipelineFacts => ({
  nowMs: NOW_MS,
  storeAnswers: true,
  storeAnsweredAtMs: NOW_MS,
  processes: [heard(ingestReport())],
  newestSampleMs: NOW_MS - 2_000,
  settledUntilMs: NOW_MS - 35_000,
  collectors: {
    total: 3,
    reporting: 2,
    late: 0,
    silent: 0,
    stopped: 1,
    alarmed: 0,
    spool_bytes: 300,
    spool_waiting_batches: 3,
    worst_spool_used_ratio: 0.1,
    oldest_ms: NOW_MS - 2_000,
    silent_since_ms: null,
    silent_longest: '',
    fullest: 'k1',
  },
  gaps: [],
  refusals: [],
  ...more,
})
