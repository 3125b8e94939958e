import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { type Pipeline, startPipeline } from '../pipeline.testing.ts'
import { newBoot, silent, testDevice, until } from '../worker/ingest.testing.ts'
import { createLedgerCheck, LEDGER_CHECK_MS } from './ledger-check.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const T0 = Date.UTC(2026, 4, 1, 21)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

let engine: TestEngine
let own: Pipeline | null = null
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
afterEach(async () => {
  await own?.stop()
  own = null
})

/** A device over some hours, busy at first and idle for an hour and a half, settled until their end. */
async function settled(hours: number): Promise<Pipeline> {
  const pipeline = await startPipeline(engine, T0 + MINUTE)
  own = pipeline
  const ticks = hours * 120
  pipeline.send({
    boot: newBoot(),
    seq: 1,
    t0Ms: T0,
    stepMs: 30_000,
    devices: [testDevice('p')],
    cells: {
      busy_ratio: Array.from({ length: ticks }, (_, at) => [at > 60 && at < 240 ? 0 : 0.5]),
    },
  })
  await pipeline.drained()
  const endMs = T0 + hours * HOUR
  await pipeline.settledUntil(endMs + MINUTE, endMs)
  return pipeline
}

const Event = z.object({
  edge: z.string(),
  code: z.string(),
  message: z.string(),
  action: z.string(),
  action_zh: z.string(),
})
const events = async ({ store }: Pipeline) =>
  z
    .array(Event)
    .parse(
      await store.query(
        "SELECT edge, code, message, action, action_zh FROM events WHERE type = 'ledger' ORDER BY at, edge DESC",
      ),
    )

const idle = {
  settledUntilMs: 0,
  status: { minutesSettled: 1, minutesRestated: 0, minutesWaiting: 0, isIdle: true },
}

/** A check of its own over what the pipeline stored, that looks when it is told to. */
function checkOf({ store, clock }: Pipeline, earliestMs = 0) {
  let nowMs = T0
  const check = createLedgerCheck({
    store,
    clock: () => nowMs,
    log: silent,
    timeZone: 'UTC',
    earliestMs,
  })
  return async () => {
    // What is due is due by its clock; what is published, since it was made.
    nowMs = Math.max(nowMs + LEDGER_CHECK_MS, clock.nowMs)
    await check.look({ ...idle, settledUntilMs: clock.nowMs - MINUTE })
    return check.report
  }
}

it('finds a ledger whole that settled itself: minutes, hours and a day, with idle time moved by hindsight', async () => {
  const pipeline = await settled(5)
  const look = checkOf(pipeline)
  const report = await look()
  expect(report).toMatchObject({ runs: 1, broken_groups: 0, example: null, failing: false })
  const [row] = await pipeline.store.query(
    "SELECT toUInt32(sum(idle_held_ms + unallocated_ms) > 0) AS moved, toUInt32((SELECT count() FROM revisions WHERE resolution = '1d')) AS days FROM ledger_1m",
  )
  expect(row).toEqual({ moved: 1, days: 1 })
  expect(await events(pipeline)).toEqual([])
})

it('tells of a row that was broken by hand, with advice, once, and of its being whole again', async () => {
  const pipeline = await settled(1)
  const { store } = pipeline
  const look = checkOf(pipeline)
  await store.command(
    `INSERT INTO ledger_1m SELECT * REPLACE (toUInt64(0) AS capacity_ms, toInt64(7000) AS productive_ms_x1000)
     FROM ledger_1m WHERE bucket = fromUnixTimestamp64Milli({at:Int64}, 'UTC') LIMIT 1`,
    { at: T0 + 20 * MINUTE },
  )
  const report = await look()
  expect(report.broken_groups).toBe(1)
  // What somebody else settles may be half written: it is not looked at.
  expect((await checkOf(pipeline, T0 + 21 * MINUTE)()).broken_groups).toBe(0)
  expect(report.example).toContain('2026-05-01T21:20:00.000Z ledger_1m / ledger_1m_group')
  await look()
  const told = await events(pipeline)
  expect(told.map(({ edge, code }) => [edge, code])).toEqual([['open', 'states,known,tables']])
  expect(told[0]?.message).toContain('nine states do not sum to capacity')
  expect(told[0]?.action).toContain('plimsoll repair')
  expect(told[0]?.action_zh).toContain('plimsoll repair')
  await store.command(
    'ALTER TABLE ledger_1m DELETE WHERE capacity_ms = 0 AND productive_ms_x1000 = 7000 SETTINGS mutations_sync = 2',
  )
  expect((await look()).broken_groups).toBe(0)
  expect((await events(pipeline)).map(({ edge }) => edge)).toEqual(['open', 'closed'])
})

it.each([
  ['ledger_1h_node', '1h_node', 'ledger_1h / ledger_1h_node'],
  ['ledger_1m_group', '1m', 'ledger_1h_node / ledger_1m_group'],
])('sees that %s differs from what stands beside it', async (table, resolution, said) => {
  const pipeline = await settled(2)
  const look = checkOf(pipeline)
  await pipeline.store.command(
    `INSERT INTO {table:Identifier} SELECT * FROM {table:Identifier}
     WHERE bucket >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND (bucket, revision) IN
       (SELECT bucket, max(revision) FROM revisions WHERE resolution = {resolution:String} GROUP BY bucket)
     ORDER BY bucket LIMIT 1`,
    { table, from: T0 + HOUR - MINUTE * 60, resolution },
  )
  await look()
  const told = await events(pipeline)
  expect(
    told.some(
      ({ message, code }) => code === 'tables' && message.includes(said.split(' / ')[1] ?? ''),
    ),
  ).toBe(true)
})

it('runs beside settling by itself, and reports', async () => {
  const pipeline = await settled(1)
  await until(
    'a look',
    () => (pipeline.ingest.health().metrics['ledger_check_runs_total'] ?? 0) >= 1,
  )
  expect(pipeline.ingest.health().metrics).toMatchObject({
    ledger_check_broken_groups: 0,
    ledger_check_failing: 0,
  })
})
