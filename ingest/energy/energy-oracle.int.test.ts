import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import {
  clearEnergy,
  energyRows,
  energySettling,
  H100,
  storeEnergyFleet,
  storeReadings,
  TWO_DIES,
} from './energy-fleet.testing.ts'
import {
  energyOracle,
  type OracleFleet,
  type OracleReading,
  type OracleSpan,
} from './energy-oracle.testing.ts'
import { BRIDGE_MAX_MS, BUCKET_MS } from './energy-plan.ts'
import { UNKNOWN_POWER_CAP_WATTS } from './power-caps.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

const T0 = Date.UTC(2026, 4, 1, 10)
const HOUR = 3_600_000
/** Readings are drawn from an hour and a half before the first bucket to as long after the last. */
const BUCKETS = [0, BUCKET_MS]
const DAY = 24 * HOUR
/** 1, 2: boards; 3: a partition of 1; 4, 5: dies of a package; 6: of no known model. */
const DEVICES = [
  { device: 1, model: H100, capWatts: 700, board: 'a', isPartition: false, index: 0 },
  { device: 2, model: H100, capWatts: 700, board: 'b', isPartition: false, index: 1 },
  { device: 3, model: H100, capWatts: 700, board: 'a', isPartition: true, index: -1 },
  {
    device: 4,
    model: TWO_DIES,
    capWatts: UNKNOWN_POWER_CAP_WATTS,
    board: 'p',
    isPartition: false,
    index: 4,
  },
  {
    device: 5,
    model: TWO_DIES,
    capWatts: UNKNOWN_POWER_CAP_WATTS,
    board: 'p',
    isPartition: false,
    index: 5,
  },
  {
    device: 6,
    model: 'X1',
    capWatts: UNKNOWN_POWER_CAP_WATTS,
    board: 'x',
    isPartition: false,
    index: 2,
  },
]

let engine: TestEngine
let store: Store
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})

/** Runs of ticks with holes between them, so that there are short gaps, long ones, and none. */
const run = fc.record({
  gapMs: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 90_000 }),
    fc.integer({ min: 0, max: HOUR }),
  ),
  stepMs: fc.constantFrom(5_000, 10_000, 60_000),
  ticks: fc.integer({ min: 1, max: 60 }),
  hasCounter: fc.boolean(),
  hasPower: fc.boolean(),
  watts: fc.integer({ min: 0, max: 800 }),
  isReset: fc.boolean(),
  jumpJoules: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000_000 })),
})
const drawnDevice = fc.record({
  startMs: fc.integer({ min: -7 * HOUR, max: HOUR }),
  runs: fc.array(run, { maxLength: 12 }),
  seed: fc.integer({ min: 0, max: 1_000_000 }),
})

interface DrawnDevice {
  readonly startMs: number
  readonly runs: readonly (typeof run extends fc.Arbitrary<infer Run> ? Run : never)[]
  readonly seed: number
}

/** Readings of one device: noise by its seed, some cells missing, some twice, some values null. */
function readingsOf(
  device: number,
  baseMs: number,
  { startMs, runs, seed }: DrawnDevice,
): OracleReading[] {
  let state = seed + 1
  const chance = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
  const readings: OracleReading[] = []
  let atMs = baseMs + startMs
  let energyMj = Math.floor(chance() * 1e9)
  for (const { gapMs, stepMs, ticks, hasCounter, hasPower, watts, isReset, jumpJoules } of runs) {
    atMs += gapMs
    energyMj = isReset ? Math.floor(chance() * 1e6) : energyMj + jumpJoules * 1000
    for (let tick = 0; tick < ticks; tick += 1) {
      const cellMs = Math.ceil(atMs / stepMs) * stepMs
      const powerMw = Math.round(watts * (0.5 + chance()) * 1000)
      energyMj += Math.round((powerMw * stepMs) / 1000)
      atMs = cellMs + stepMs
      if (chance() < 0.05) continue
      for (let copy = 0; copy < (chance() < 0.05 ? 2 : 1); copy += 1)
        readings.push({
          device,
          atMs: cellMs + (chance() < 0.3 ? Math.floor(chance() * stepMs) : 0),
          stepMs,
          position: Math.floor(chance() * 1e9),
          energyMj: hasCounter && chance() > 0.03 ? energyMj : null,
          powerMw: hasPower && chance() > 0.03 ? powerMw : null,
        })
    }
  }
  return readings
}

const drawnCuts = fc.array(
  fc.record({
    fromMs: fc.integer({ min: -60_000, max: 700_000 }),
    midMs: fc.integer({ min: 1, max: 900_000 }),
    toMs: fc.integer({ min: 1, max: 2_000_000 }),
  }),
  { minLength: 6, maxLength: 6 },
)

interface Cut {
  readonly fromMs: number
  readonly midMs: number
  readonly toMs: number
}

/** Every device stands somewhere for a part of the time, every second one then elsewhere. */
function spansOf(cuts: readonly Cut[], baseMs: number): OracleSpan[] {
  return cuts.flatMap(({ fromMs, midMs, toMs }, at) => {
    const [device, rack, begin] = [at + 1, 'r1', baseMs + fromMs]
    const [middle, end] = [begin + midMs, begin + midMs + toMs]
    return at % 2 === 0
      ? [{ device, rack, fromMs: begin, toMs: end }]
      : [
          { device, rack, fromMs: begin, toMs: middle },
          { device, rack: 'r2', fromMs: middle, toMs: end },
        ]
  })
}

/** The same as stored: cut where a holder changed, too. */
const stored = (spans: readonly OracleSpan[]) =>
  spans.flatMap((span) => {
    const middle = Math.floor((span.fromMs + span.toMs) / 2)
    return middle === span.fromMs
      ? [span]
      : [
          { ...span, toMs: middle },
          { ...span, fromMs: middle },
        ]
  })

let runs = 0

it('is settled as the plain definition says, to the millijoule, whatever fleet, and again with late rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(drawnDevice, { minLength: 6, maxLength: 6 }),
      drawnCuts,
      fc.nat({ max: 10 }),
      async (drawn, cuts, lateEvery) => {
        await clearEnergy(store)
        // Tokens outlive the tables' rows: each run has a day of its own.
        runs += 1
        const baseMs = T0 + runs * DAY
        const readings = drawn.flatMap((one, at) => readingsOf(at + 1, baseMs, one))
        const spans = spansOf(cuts, baseMs)
        const isLate = (at: number) => lateEvery > 0 && at % (lateEvery + 1) === 0
        const first = readings.filter((_, at) => !isLate(at))
        const devices = DEVICES.map(({ device, model, index, isPartition }) => ({
          device,
          model,
          index,
          ...(isPartition ? { parent: 1 } : {}),
        }))
        await storeEnergyFleet(store, { readings: first, spans: stored(spans), devices })
        let nowMs = baseMs + DAY
        const settling = await energySettling(store, () => nowMs)
        const settledUntilMs = baseMs + 2 * BUCKET_MS + 180_000
        const settleAll = async () => {
          const view = { fromMs: baseMs, settledUntilMs, isDirty: () => false }
          while (await settling.step(view)) nowMs += 1
        }
        const compare = async (known: readonly OracleReading[]) => {
          const fleet: OracleFleet = { readings: known, spans, devices: DEVICES }
          for (const atMs of BUCKETS) {
            const fromMs = baseMs + atMs
            const bucket = { fromMs, toMs: fromMs + BUCKET_MS, bridgeMs: BRIDGE_MAX_MS }
            expect(await energyRows(store, fromMs)).toEqual(energyOracle(fleet, bucket))
          }
        }
        await settleAll()
        await compare(first)
        await storeReadings(
          store,
          readings.filter((_, at) => isLate(at)),
        )
        settling.noteSettled(baseMs, baseMs + 2 * BUCKET_MS)
        await settleAll()
        await compare(readings)
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 8), endOnFailure: true },
  )
})
