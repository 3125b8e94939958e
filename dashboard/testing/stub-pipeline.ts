import { PIPELINE_SERIES, PipelineAnswer } from '#schemas/api-pipeline.ts'

/** TEST ONLY. A pipeline in one of three states, made up. */

export type StubPipeline = 'well' | 'trouble' | 'store_away'

const at = (ms: number) => new Date(ms).toISOString()

const shard = (number: number, lag: number | null) => ({
  shard: number,
  name: `jetstream-${number}`,
  state: 'ok',
  detail: '',
  lag_messages: lag,
  lag_seconds: lag === null ? null : 2.4 + lag,
  watermark_age_seconds: 1.2,
  last_insert_at: at(Date.UTC(2026, 10, 22)),
  inserted_rows: 48_123_456,
  inserted_messages: 601_543,
  inserted_bytes: 5_812_345_678,
  duplicates: number === 0 ? 12 : 0,
  quarantined: number === 0 ? { bad_crc: 2 } : {},
  rejected: number === 0 ? { temperature_celsius: 41 } : {},
  records_refused: 0,
  replays: 1,
  expired: 0,
  alarms: 0,
  resends_asked: 1,
  resend_batches_asked: 4,
  resend_batches_received: 4,
  gaps: {},
  gap_batches: {},
  insert_seconds: { count: 120, p50: 0.031, p99: 0.082, max: 0.12 },
  insert_rows: { count: 120, p50: 8_200, p99: 24_000, max: 25_000 },
  insert_messages: { count: 120, p50: 102, p99: 240, max: 250 },
  insert_bytes: { count: 120, p50: 1_020_000, p99: 2_400_000, max: 2_500_000 },
})

const ingest = (name: string, nowMs: number, isSilent: boolean) => ({
  process: `${name}/shard ${name === 'ingest-a' ? '0-1' : '2'}`,
  host: name,
  version: '0.3.0',
  status: isSilent ? 'silent' : 'reporting',
  in_process: false,
  reported_at: at(nowMs - (isSilent ? 312_000 : 4_000)),
  age_seconds: isSilent ? 312 : 4,
  started_at: at(nowMs - 7_200_000),
  state: 'ok',
  detail: '',
  memory_bytes: 182_000_000,
  cpu_seconds: 812.4,
  shards: name === 'ingest-a' ? [shard(0, 3), shard(1, 0)] : [shard(2, isSilent ? 912 : 0)],
  settle:
    name === 'ingest-a'
      ? {
          settled_until: at(nowMs - 35_000),
          minutes_settled: 1_440,
          minutes_restated: 12,
          minutes_waiting: 0,
          idle: true,
          failure: null,
          step_seconds: { count: 6, p50: 0.4, p99: 0.9, max: 1.1 },
        }
      : null,
  disks: [
    {
      name: 'the disk "default" of ClickHouse',
      state: isSilent ? 'warning' : 'ok',
      used_ratio: isSilent ? 0.871 : 0.42,
      free_bytes: 4.2e11,
    },
  ],
  streams: [
    {
      name: 'PLIMSOLL_TELEMETRY_V1',
      messages: 812_345,
      bytes: 8_123_456_789,
      max_bytes: 42_949_672_960,
      used_ratio: 0.189,
      oldest_age_seconds: 81_000,
    },
  ],
  store: {
    version: '26.7.2.1',
    uptime_seconds: 812_345,
    memory_bytes: 1_912_345_678,
    memory_limit_bytes: 8_589_934_592,
  },
})

const collector = (index: number, nowMs: number, isBad: boolean) => ({
  cluster: 'aurora',
  collector: `h1-r${String(index + 1).padStart(2, '0')}`,
  node: `h1-r${String(index + 1).padStart(2, '0')}-n01`,
  status: isBad && index === 0 ? 'silent' : isBad && index === 2 ? 'late' : 'reporting',
  said_at: at(nowMs - 24_000),
  heard_at: at(nowMs - 22_000),
  age_seconds: isBad && index === 0 ? 1_380 : 22,
  started_at: at(nowMs - 86_400_000),
  version: '0.3.0',
  simulated: true,
  devices: 64,
  targets: { ok: isBad && index === 1 ? 7 : 8, failed: isBad && index === 1 ? 1 : 0, absent: 0 },
  batches: 86_000,
  published: 85_990,
  refused: 3,
  resent: 4,
  lost: 0,
  watermark_age_seconds: index === 3 ? null : 3.2,
  spool_bytes: isBad && index === 1 ? 1_950_000_000 : 16_777_216,
  spool_max_bytes: 2_147_483_648,
  spool_used_ratio: isBad && index === 1 ? 0.908 : 0.0078,
  spool_waiting_batches: isBad && index < 3 ? 812 - index * 200 : 2,
  spool_oldest_age_seconds: isBad && index < 3 ? 1_500 : 2.1,
  memory_bytes: isBad && index === 1 ? 812_000 : 0,
  memory_batches: isBad && index === 1 ? 41 : 0,
  spool_dropped: isBad && index === 1 ? 120 : 0,
  spool_damaged: 0,
  alarm: isBad && index === 1 ? 'ENOSPC' : '',
})

const SHAPES: Readonly<Record<(typeof PIPELINE_SERIES)[number], number>> = {
  lag_messages: 4,
  lag_seconds: 2.4,
  rows_per_second: 6_250,
  insert_p99_seconds: 0.08,
  settle_p99_seconds: 0.9,
  settled_age_seconds: 48,
  spool_bytes: 2.1e9,
  stream_used_ratio: 0.19,
  disk_used_ratio: 0.42,
  memory_bytes: 1.9e9,
}

/** Twenty minutes ago nobody reported for five: a hole. */
const values = (scale: number) =>
  Array.from({ length: 60 }, (_, minute) =>
    minute >= 35 && minute < 40 ? null : scale * (1 + 0.25 * Math.sin(minute / 4)),
  )

function verdictOf(state: StubPipeline, nowMs: number) {
  if (state === 'well')
    return {
      state: 'ok',
      message: 'Everything arrives: lag 2 s, settled 35 s behind, 12 collectors report.',
      message_zh: '数据全部到达：延迟 2 秒，结算落后 35 秒，12 个采集器正常报告。',
      findings: [],
    }
  const away = {
    code: 'store_away',
    severity: 'failing',
    stage: 'store',
    since: at(nowMs - 95_000),
    message: 'the store does not answer; figures that come from it are as of its last answer',
    message_zh: '存储没有应答；来自存储的数据为其最后一次应答时的数据',
    next: 'Look at the engine or the ClickHouse server: its log, its memory, its disk.',
    next_zh: '请检查引擎或 ClickHouse 服务器的日志、内存和磁盘。',
    docs: 'docs/pipeline.md#store',
  }
  const silent = {
    code: 'ingest_silent',
    severity: 'failing',
    stage: 'ingest',
    since: at(nowMs - 312_000),
    message:
      'ingest-b/shard 2 has been silent for 5 min: its messages wait in the bus and in spools',
    message_zh: 'ingest-b/shard 2 已 5 分钟 没有消息：其数据在总线和缓冲区中等待',
    next: 'Is the process running? Its log names the reason; start it again.',
    next_zh: '进程是否在运行？日志会说明原因；请重新启动它。',
    docs: 'docs/pipeline.md#processes',
  }
  const findings = state === 'store_away' ? [away] : [silent]
  return {
    state: 'failing',
    message: `${findings[0]?.message}.`,
    message_zh: `${findings[0]?.message_zh}。`,
    findings,
  }
}

export function pipelineAt(nowMs: number, state: StubPipeline = 'well'): PipelineAnswer {
  const isBad = state === 'trouble'
  const isAway = state === 'store_away'
  return PipelineAnswer.parse({
    simulated: true,
    at: at(nowMs),
    store_answered_at: at(nowMs - (isAway ? 95_000 : 0)),
    store_answers: !isAway,
    verdict: verdictOf(state, nowMs),
    lag_messages: isBad ? null : 3,
    newest_sample_at: at(nowMs - 2_400),
    lag_seconds: 2.4,
    settled_until: at(nowMs - 35_000),
    settled_age_seconds: 35,
    processes: [ingest('ingest-a', nowMs, false), ingest('ingest-b', nowMs, isBad)],
    collectors: {
      total: 12,
      reporting: isBad ? 10 : 12,
      late: isBad ? 1 : 0,
      silent: isBad ? 1 : 0,
      stopped: 0,
      alarmed: isBad ? 1 : 0,
      spool_bytes: 2.1e9,
      spool_waiting_batches: 1_842,
      worst_spool_used_ratio: isBad ? 0.908 : 0.0078,
      worst_spool_age_seconds: isBad ? 1_500 : 2.1,
      worst: Array.from({ length: 12 }, (_, index) => collector(index, nowMs, isBad)),
      next_cursor: null,
    },
    recent: {
      gaps: isBad
        ? [
            {
              at: at(nowMs - 1_200_000),
              cluster: 'aurora',
              collector: 'h1-r02',
              reason: 'spool_full',
              message: '120 batches lost (1 to 120 of boot 0707), samples of 09:00 to 09:20',
              message_zh: '丢失 120 个批次（启动 0707 的 1 至 120），涉及 09:00 至 09:20 的样本',
            },
          ]
        : [],
      quarantine: [{ reason: 'bad_crc', count: 2, newest_at: at(nowMs - 3_600_000) }],
      restatements: [
        { reason: 'late rows', count: 9, newest_at: at(nowMs - 600_000) },
        { reason: 'capacity accepted', count: 3, newest_at: at(nowMs - 7_200_000) },
      ],
      resends: [
        {
          at: at(nowMs - 900_000),
          cluster: 'aurora',
          collector: 'h1-r05',
          from_seq: 4_012,
          to_seq: 4_015,
        },
      ],
    },
    series: {
      t0: Math.floor(nowMs / 60_000) * 60_000 - 59 * 60_000,
      step_ms: 60_000,
      values: Object.fromEntries(PIPELINE_SERIES.map((name) => [name, values(SHAPES[name])])),
    },
    roles: [{ name: 'query', state: 'ok', detail: '' }],
  })
}
