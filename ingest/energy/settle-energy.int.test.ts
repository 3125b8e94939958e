import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { newBoot, testDevice, until } from '../worker/ingest.testing.ts'
import { energyRows, energySettling } from './energy-fleet.testing.ts'
import { BUCKET_MS, REACH_MS } from './energy-plan.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

const T0 = Date.UTC(2026, 4, 1, 10)
const STEP = 30_000
const MINUTE = 60_000
/** 300 W for a quarter of an hour, millijoules. */
const QUARTER_MJ = 300_000 * 900

let engine: TestEngine
let pipeline: Pipeline | null = null
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
afterEach(async () => {
  await pipeline?.stop()
  pipeline = null
})

/** One device at 300 W, by its counter and its power, from minute to minute. */
function send(own: Pipeline, boot: string, seq: number, minutes: readonly [number, number]): void {
  const [from, to] = minutes
  const ticks = Array.from({ length: ((to - from) * MINUTE) / STEP }, (_, tick) => tick)
  own.send({
    boot,
    seq,
    t0Ms: T0 + from * MINUTE,
    stepMs: STEP,
    devices: [testDevice('meter')],
    cells: {
      busy_ratio: ticks.map(() => [0.5]),
      power_watts: ticks.map(() => [300]),
      energy_joules_total: ticks.map((tick) => [1e6 + 300 * (from * 60 + (tick * STEP) / 1000)]),
    },
  })
}

const revisions = async (own: Pipeline) =>
  (
    await own.store.query(
      `SELECT toUnixTimestamp(bucket) * 1000 AS at, revision, reason FROM revisions
       WHERE resolution = '15m-energy' ORDER BY bucket, revision`,
    )
  ).map((row) => {
    const { at, revision, reason } = Object(row)
    return [(Number(at) - T0) / BUCKET_MS, revision, reason]
  })
const first = async (own: Pipeline, bucket: number) =>
  [...(await energyRows(own.store, T0 + bucket * BUCKET_MS)).values()][0]
/** Energy waits for minutes that are settled, and has no say in when they are. */
const energyIs = async (own: Pipeline, expected: readonly unknown[]) => {
  let found: unknown = null
  await until(`energy ${JSON.stringify(expected)}`, async () => {
    found = await revisions(own)
    return JSON.stringify(found) === JSON.stringify(expected)
  }).catch(() => expect(found).toEqual(expected))
}

it('settles quarter hours of what ingest stored, again when rows came late, and after a restart as if it had not stopped', async () => {
  pipeline = await startPipeline(engine, T0)
  const own = pipeline
  const interval = {
    kind: 'capacity',
    device_id: deviceId('uuid:meter'),
    from_at: new Date(T0).toISOString(),
    to_at: '2100-01-01T00:00:00.000Z',
    reason: 'inventory',
    detail: '',
    version: 1,
  }
  await own.store.insertJson('intervals', [interval], 'accept')
  await own.restart()
  const boot = newBoot()
  send(own, boot, 1, [0, 10])
  send(own, boot, 2, [20, 40])
  await own.drained()
  const endMs = T0 + 2 * BUCKET_MS + REACH_MS
  await own.settledUntil(endMs + 20_000, endMs)
  await energyIs(own, [
    [0, 1, ''],
    [1, 1, ''],
  ])
  // The counter came back within what the second bucket reads, so it knows the gap; the first has it too.
  expect(await first(own, 0)).toMatchObject({
    energy_mj: QUARTER_MJ,
    gaps_ms: 0,
    bridged_ms: 5.5 * MINUTE,
  })
  expect(await first(own, 1)).toMatchObject({
    energy_mj: QUARTER_MJ,
    gaps_ms: 0,
    bridged_ms: 5 * MINUTE,
  })

  send(own, boot, 3, [10, 20])
  await own.drained()
  await own.settledUntil(own.clock.nowMs + MINUTE, endMs)
  await energyIs(own, [
    [0, 1, ''],
    [0, 2, 'minutes settled again'],
    [1, 1, ''],
    [1, 2, 'minutes settled again'],
  ])
  expect(await first(own, 0)).toMatchObject({
    energy_mj: QUARTER_MJ,
    both_ms: BUCKET_MS,
    bridged_ms: 0,
  })

  const before = await revisions(own)
  await own.restart()
  await own.settledUntil(own.clock.nowMs + MINUTE, endMs + MINUTE)
  expect(await revisions(own)).toEqual(before)
})

it('settles once what two steps of a crash would settle twice, and never publishes what was cut short', async () => {
  pipeline = await startPipeline(engine, T0)
  const { store } = pipeline
  // Rows of an attempt that died before it published.
  await store.insertJson(
    'energy_15m',
    [
      {
        bucket: '2026-05-01 10:00:00',
        revision: 4,
        node: 'n1',
        energy_mj: 1,
        as_of: '2026-05-01 10:20:00',
      },
    ],
    'died',
  )
  const view = { fromMs: T0, settledUntilMs: T0 + BUCKET_MS + REACH_MS, isDirty: () => false }
  const settling = await energySettling(store, () => T0 + 3_600_000)
  expect(await settling.step(view)).toBe(true)
  expect(await settling.step(view)).toBe(false)
  expect(await revisions(pipeline)).toEqual([[0, 5, '']])
  const again = await energySettling(store, () => T0 + 3_600_000)
  expect(await again.step(view)).toBe(false)
})
