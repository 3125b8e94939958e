import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { MeterSampleRecord } from '#schemas/records.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { memoryJournal } from '../journal/mirror.testing.ts'
import { type Pipeline, startPipeline } from '../pipeline.testing.ts'
import { asMessage, newBoot, testBatch, until } from '../worker/ingest.testing.ts'
import { MJ_PER_MWH, treeOf } from './facility.testing.ts'
import { BUCKET_MS } from './meter-energy.ts'

vi.setConfig({ testTimeout: 120_000 })

const T0 = Date.UTC(2026, 4, 1, 8)
const OPTIONS = { settle: { quietMs: 0, delayMs: 20_000 }, shard: { waitMs: 5 } }
const STEP_MS = 30_000
const JOULES_PER_MWH = 3.6e9

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

/** A reading of a meter that draws so many megawatts, as a collector sends it. */
const record = (meter: string, megawatts: number, atMs: number): MeterSampleRecord => ({
  kind: 'meter_sample',
  at_ms: atMs,
  step_ms: STEP_MS,
  meter,
  source: 'test',
  values: {
    energy_joules_total: ((atMs - T0) / 3_600_000) * megawatts * JOULES_PER_MWH,
    power_watts: megawatts * 1e6,
  },
})
type Window = readonly [fromMs: number, toMs: number]

/** Sends what a collector that reads meters and nothing else read in a span. */
function send(own: Pipeline, boot: string, seq: number, [fromMs, toMs]: Window): void {
  const ticks = Array.from({ length: (toMs - fromMs) / STEP_MS }, (_, at) => fromMs + at * STEP_MS)
  const records = ticks.flatMap((ms) => [record('util', 112, ms), record('it', 100, ms)])
  const batch = testBatch({
    boot,
    seq,
    t0Ms: fromMs,
    stepMs: STEP_MS,
    devices: [],
    cells: {},
    records,
  })
  own.handle.log.add(asMessage(batch, { receivedAtMs: toMs }))
}

const settled = (own: Pipeline) =>
  own.store.query(
    `SELECT scope, toString(total_mj) AS total, toString(it_mj) AS it, category, toString(it_known_ms) AS known
     FROM facility_15m FINAL ORDER BY bucket, scope`,
  )
const bucket = (known: number) => ({
  scope: 'site',
  total: String(28 * MJ_PER_MWH),
  it: String(25 * MJ_PER_MWH),
  category: 3,
  known: String(known),
})

it('meter samples travel from a batch over the table to energy of meters and of the site, and once more after a crash', async () => {
  const journal = memoryJournal()
  const { sites, meters, loops } = treeOf(
    [
      { meter: 'util', role: 'distribution', level: 'utility' },
      { meter: 'it', role: 'it', level: 'rack', parent: 'util' },
    ],
    { from_ms: T0 },
  )
  await journal.say(T0, {
    kind: 'facility',
    import_id: 'f',
    sites: [...sites],
    meters: [...meters],
    loops: [...loops],
  })
  const own = (pipeline = await startPipeline(engine, T0 + BUCKET_MS, OPTIONS, journal))
  const boot = newBoot()
  send(own, boot, 1, [T0, T0 + BUCKET_MS])
  await own.drained()
  send(own, boot, 2, [T0 + BUCKET_MS, T0 + BUCKET_MS + 60_000])
  // The same message twice is one.
  send(own, boot, 2, [T0 + BUCKET_MS, T0 + BUCKET_MS + 60_000])
  await own.drained()
  await until('the tree to be mirrored', async () => {
    return (await own.store.query('SELECT 1 FROM facility_rows')).length === 3
  })
  own.clock.nowMs = T0 + BUCKET_MS + 61_000
  await until('the first bucket', async () => (await settled(own)).length === 1)
  expect(await settled(own)).toEqual([bucket(BUCKET_MS)])
  expect(
    await own.store.query(
      'SELECT meter, toString(energy_mj) AS mj, flags FROM meter_energy_15m FINAL ORDER BY meter',
    ),
  ).toEqual([
    { meter: 'it', mj: String(25 * MJ_PER_MWH), flags: 0 },
    { meter: 'util', mj: String(28 * MJ_PER_MWH), flags: 0 },
  ])
  await own.restart()
  own.clock.nowMs = T0 + 2 * BUCKET_MS + 61_000
  // The rest of the second bucket comes late.
  await until('the second bucket', async () => (await settled(own)).length === 2)
  send(own, boot, 3, [T0 + BUCKET_MS + 60_000, T0 + 2 * BUCKET_MS + 60_000])
  await own.drained()
  await until('late readings to be settled', async () => {
    own.clock.nowMs += 11_000
    return JSON.stringify((await settled(own))[1]) === JSON.stringify(bucket(BUCKET_MS))
  })
  const told = await own.store.query(
    'SELECT scope, reason, new_it_mj > old_it_mj AS grew FROM facility_restatements',
  )
  expect(told).toEqual([{ scope: 'site', reason: 'late readings', grew: 1 }])
})
