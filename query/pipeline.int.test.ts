import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineAnswer } from '#schemas/api-pipeline.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { startPipeline } from '../ingest/pipeline.testing.ts'
import { newBoot, testDevice, until } from '../ingest/worker/ingest.testing.ts'
import { createPipelineView, type PipelineDeps } from './pipeline.ts'

// Rows of these tables leave after seven days of the store's own clock.
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())

const status = (atMs: number, more: Partial<Record<string, unknown>> = {}) =>
  ({
    kind: 'collector_status',
    at_ms: atMs,
    node: 'n1',
    version: '0.3.0',
    interval_ms: 60_000,
    started_at_ms: T0 - 3_600_000,
    stopping: false,
    devices: 8,
    targets: { ok: 1, failed: 0, absent: 0 },
    batches: 10,
    rows: 80,
    published: 10,
    refused: 0,
    resent: 0,
    lost: 0,
    dropped_records: 0,
    watermark_ms: atMs - 2_000,
    spool: {
      bytes: 100,
      max_bytes: 1_000,
      waiting: 3,
      oldest_ms: atMs - 5_000,
      memory_bytes: 0,
      memory_batches: 0,
      dropped: 0,
      damaged: 0,
      disk_errors: 0,
      alarm: '',
    },
    rss_bytes: 90_000_000,
    cpu_seconds: 12.5,
    ...more,
  }) as const satisfies BatchRecord

const view = (deps: Pick<PipelineDeps, 'reader' | 'clock'>) =>
  createPipelineView({
    ...deps,
    simulated: false,
    // Another process: what it knows is what the store has.
    pipeline: () => null,
    roles: () => [],
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })

test('a process that only reads the store sees ingest, its shard and the collectors it heard of; then their silence', async () => {
  const pipeline = await startPipeline(engine, T0)
  const boot = newBoot()
  const pipelineOf = view({ reader: pipeline.store, clock: () => pipeline.clock.nowMs })
  const ask = () => pipelineOf.answer({ limit: 10 })
  expect((await ask()).verdict.state).toBe('unknown')
  pipeline.send({
    boot,
    seq: 1,
    t0Ms: T0,
    devices: [testDevice('g1')],
    cells: { busy_ratio: [[0.5]] },
  })
  pipeline.send({
    collector: 'k2',
    boot: newBoot(),
    seq: 1,
    t0Ms: T0,
    devices: [testDevice('g2')],
    cells: { busy_ratio: [[0.5]] },
    records: [
      status(T0, {
        spool: { ...status(T0).spool, bytes: 950, alarm: 'ENOSPC', oldest_ms: T0 - 60_000 },
      }),
    ],
  })
  pipeline.send({
    boot,
    seq: 2,
    t0Ms: T0,
    devices: [testDevice('g1')],
    cells: { busy_ratio: [[0.5]] },
    records: [status(T0)],
  })
  await pipeline.drained()
  // The next report is due ten seconds after the first.
  pipeline.clock.nowMs = T0 + 11_000
  await until('a report of the collectors', async () => {
    const { collectors } = await ask()
    return collectors?.total === 2
  })
  const answer = PipelineAnswer.parse(await ask())
  expect(answer).toMatchObject({ store_answers: true, lag_messages: 0, lag_seconds: 11 })
  expect(answer.processes).toHaveLength(1)
  const [process] = answer.processes
  expect(process).toMatchObject({ status: 'reporting', in_process: false, state: 'ok' })
  expect(process?.shards[0]).toMatchObject({
    state: 'ok',
    lag_messages: 0,
    inserted_messages: 3,
    inserted_rows: 3,
    lag_seconds: 11,
  })
  expect(process?.shards[0]?.insert_rows?.max).toBeGreaterThan(0)
  expect(process?.store?.memory_bytes).toBeGreaterThan(0)
  expect(answer.collectors).toMatchObject({ total: 2, reporting: 2, silent: 0, alarmed: 1 })
  expect(answer.collectors?.spool_bytes).toBe(1_050)
  expect(answer.collectors?.worst.map(({ collector }) => collector)).toEqual(['k2', 'k1'])
  expect(answer.collectors?.worst[0]).toMatchObject({
    spool_used_ratio: 0.95,
    spool_oldest_age_seconds: 71,
    alarm: 'ENOSPC',
  })
  expect(answer.verdict.findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['collectors_alarm', 'spool_full']),
  )
  expect(answer.series.values.lag_seconds?.some((value) => value !== null)).toBe(true)

  await pipeline.ingest.stop()
  pipeline.clock.nowMs = T0 + 600_000
  const silent = PipelineAnswer.parse(await ask())
  expect(silent.processes[0]).toMatchObject({ status: 'silent' })
  expect(silent.lag_messages).toBeNull()
  expect(silent.collectors).toMatchObject({ reporting: 0, silent: 2 })
  expect(silent.verdict.state).toBe('failing')
  expect(silent.verdict.findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['ingest_silent', 'collectors_silent']),
  )
  await pipeline.stop()
})

test('while the store does not answer, its last word is shown as what it is, and what this process knows as of now', async () => {
  let isAway = false
  const now = { ms: T0 }
  const reader: PipelineDeps['reader'] = {
    query: (sql, params) =>
      isAway ? Promise.reject(new Error('away')) : engine.reader.query(sql, params),
    ping: async () => !isAway,
  }
  const pipeline = await startPipeline(engine, T0)
  const store = pipeline.store
  const own = createPipelineView({
    reader: {
      ...reader,
      query: (sql, params) => (isAway ? reader.query(sql, params) : store.query(sql, params)),
    },
    clock: () => now.ms,
    simulated: false,
    pipeline: () => {
      const told = pipeline.ingest.status()
      const disks = [
        { name: 'the disk', state: 'stopped', used_ratio: 0.97, free_bytes: 1 } as const,
      ]
      return told.report === undefined ? told : { ...told, report: { ...told.report, disks } }
    },
    roles: () => [],
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })
  expect((await own.answer({ limit: 1 })).store_answers).toBe(true)
  isAway = true
  now.ms = T0 + 60_000
  const answer = PipelineAnswer.parse(await own.answer({ limit: 1 }))
  expect(answer.store_answers).toBe(false)
  expect(answer.store_answered_at).toBe(new Date(T0).toISOString())
  expect(answer.verdict.state).toBe('failing')
  expect(answer.verdict.findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['store_away', 'disk_stopped']),
  )
  await pipeline.stop()
})
