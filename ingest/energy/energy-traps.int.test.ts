import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import {
  clearEnergy,
  energyRows,
  energySettling,
  H100,
  storeEnergyFleet,
  type ToldDevice,
  TWO_DIES,
  TWO_ENTRIES,
} from './energy-fleet.testing.ts'
import type { OracleReading } from './energy-oracle.testing.ts'
import { BUCKET_MS, REACH_MS } from './energy-plan.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DAY = 86_400_000
const STEP = 10_000
const MINUTE = 60_000
/** 300 W for a quarter of an hour, millijoules. */
const QUARTER_MJ = 300_000 * 900

let engine: TestEngine
let store: Store
/** A day for each test: tokens outlive the rows of tables. */
let baseMs = Date.UTC(2026, 4, 1)
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})
beforeEach(async () => {
  baseMs += DAY
  await clearEnergy(store)
})

type Values = (atMs: number) => { energyMj?: number | null; powerMw?: number | null }

/** Readings of 10 s from a reach before the first bucket to one after the last; `atMs` counts from the first. */
function readings(device: number, values: Values, buckets = 1): OracleReading[] {
  const made: OracleReading[] = []
  for (let atMs = -REACH_MS; atMs < buckets * BUCKET_MS + REACH_MS; atMs += STEP) {
    const { energyMj = null, powerMw = null } = values(atMs)
    made.push({
      device,
      atMs: baseMs + atMs,
      stepMs: STEP,
      position: made.length,
      energyMj,
      powerMw,
    })
  }
  return made
}

const watts300: Values = () => ({ powerMw: 300_000 })
const joules300: Values = (atMs) => ({ energyMj: 1e9 + 300 * atMs })

/** Settles buckets of a fleet, by their numbers; their rows in that order, of one place and model each. */
async function settle(
  devices: readonly ToldDevice[],
  rows: readonly OracleReading[],
  buckets: readonly number[] = [0],
) {
  const toMs = baseMs + (Math.max(...buckets) + 1) * BUCKET_MS
  const spans = devices.map(({ device }) => ({ device, fromMs: baseMs, toMs, rack: 'r1' }))
  await storeEnergyFleet(store, { readings: rows, spans, devices })
  const settling = await energySettling(store, () => baseMs + DAY)
  const answers = []
  for (const bucket of buckets) {
    const fromMs = baseMs + bucket * BUCKET_MS
    const settledUntilMs = fromMs + BUCKET_MS + REACH_MS
    expect(await settling.step({ fromMs, settledUntilMs, isDirty: () => false })).toBe(true)
    answers.push([...(await energyRows(store, fromMs)).values()][0] ?? {})
  }
  return answers
}

describe('board values repeated on several entries are counted once', () => {
  it('both dies of a 910C that print the power of their package', async () => {
    const dies = [4, 5].map((index) => ({
      device: index,
      index,
      model: TWO_DIES,
      bus: `b${index}`,
    }))
    const [row] = await settle(dies, [...readings(4, watts300), ...readings(5, watts300)])
    expect(row).toMatchObject({
      devices: 2,
      energy_mj: QUARTER_MJ,
      power_ms: 2 * BUCKET_MS,
      gaps_ms: 0,
    })
  })

  it('a 910C whose second die prints nothing is covered by the first', async () => {
    const dies = [4, 5].map((index) => ({
      device: index,
      index,
      model: TWO_DIES,
      bus: `b${index}`,
    }))
    const [row] = await settle(dies, readings(4, watts300))
    expect(row).toMatchObject({ energy_mj: QUARTER_MJ, gaps_ms: 0 })
  })

  it('two packages of 910C are two, and two 910B are two: a die there is a device with its own reading', async () => {
    const packages = [4, 6].map((index) => ({ device: index, index, model: TWO_DIES }))
    const [row] = await settle(packages, [...readings(4, watts300), ...readings(6, watts300)])
    expect(row).toMatchObject({ energy_mj: 2 * QUARTER_MJ, gaps_ms: 0 })
    baseMs += DAY
    await clearEnergy(store)
    const chips = [0, 1].map((index) => ({ device: index + 1, index, model: 'Ascend 910B3' }))
    const [other] = await settle(chips, [...readings(1, watts300), ...readings(2, watts300)])
    expect(other).toMatchObject({ energy_mj: 2 * QUARTER_MJ, gaps_ms: 0 })
  })

  it('two entries on one board, told by their serial number or bus, also where their indices are not neighbours', async () => {
    const by = (fact: object) =>
      [1, 2].map((device) => ({ device, index: device, model: TWO_ENTRIES, ...fact }))
    const both = () => [...readings(1, watts300), ...readings(2, watts300)]
    expect((await settle(by({ serial: 'S1' }), both()))[0]).toMatchObject({ energy_mj: QUARTER_MJ })
    baseMs += DAY
    await clearEnergy(store)
    expect((await settle(by({ bus: '0000:3b' }), both()))[0]).toMatchObject({
      energy_mj: QUARTER_MJ,
    })
  })

  it('MIG instances that carry copies of their board, which speaks for them', async () => {
    const mig = [{ device: 1 }, { device: 2, parent: 1 }, { device: 3, parent: 1 }]
    const copies = [1, 2, 3].flatMap((device) => readings(device, joules300))
    const [row] = await settle(mig, copies)
    expect(row).toMatchObject({
      devices: 3,
      energy_mj: QUARTER_MJ,
      counter_ms: 3 * BUCKET_MS,
      gaps_ms: 0,
    })
  })

  it('MIG instances whose board says nothing itself', async () => {
    const mig = [{ device: 1 }, { device: 2, parent: 1 }, { device: 3, parent: 1 }]
    const [row] = await settle(mig, [...readings(2, joules300), ...readings(3, joules300)])
    expect(row).toMatchObject({ energy_mj: QUARTER_MJ, gaps_ms: 0 })
  })
})

describe('a counter', () => {
  it('counts before power, and the two are compared where both speak', async () => {
    const [row] = await settle(
      [{ device: 1 }],
      readings(1, (atMs) => ({ ...joules300(atMs), powerMw: 303_000 })),
    )
    expect(row).toMatchObject({
      energy_mj: QUARTER_MJ,
      power_mj: 0,
      both_ms: BUCKET_MS,
      both_counter_mj: QUARTER_MJ,
      both_power_mj: 1.01 * QUARTER_MJ,
    })
  })

  it('that falls was reset: its new value counts from zero, flagged', async () => {
    const resetMs = 5 * MINUTE
    const [row] = await settle(
      [{ device: 1 }],
      readings(1, (atMs) => ({
        energyMj: atMs < resetMs ? 1e9 + 300 * atMs : 300 * (atMs - resetMs) + 2_000_000,
      })),
    )
    // Of the interval of the reset only what the new counter shows.
    expect(row).toMatchObject({
      resets: 1,
      rejected: 0,
      energy_mj: QUARTER_MJ - 3_000_000 + 2_000_000,
    })
  })

  it('that jumps by more than 1.3 x TDP is rejected there, and power speaks instead', async () => {
    const jumped: Values = (atMs) => ({
      energyMj: 1e9 + 300 * atMs + (atMs >= 5 * MINUTE ? 1e9 : 0),
      powerMw: 300_000,
    })
    const [row] = await settle([{ device: 1, model: H100 }], readings(1, jumped))
    expect(row).toMatchObject({
      rejected: 1,
      energy_mj: QUARTER_MJ,
      power_ms: STEP,
      power_mj: 3_000_000,
    })
  })

  it('is believed up to 1.3 x TDP and not a millijoule above', async () => {
    const steady =
      (mj: number): Values =>
      (atMs) => ({ energyMj: 1e12 + (atMs / STEP) * mj })
    const [full] = await settle([{ device: 1 }], readings(1, steady(9_100_000)))
    expect(full).toMatchObject({ rejected: 0, energy_mj: 90 * 9_100_000 })
    baseMs += DAY
    await clearEnergy(store)
    const [over] = await settle([{ device: 1 }], readings(1, steady(9_100_001)))
    expect(over).toMatchObject({ rejected: 90, energy_mj: 0, gaps_ms: BUCKET_MS })
  })

  it('that comes back after an hour knows the energy of the gap, spread evenly, in every bucket of it', async () => {
    const gone = (atMs: number) => atMs > 10 * MINUTE && atMs < 70 * MINUTE
    const rows = readings(1, joules300, 6).filter(({ atMs }) => !gone(atMs - baseMs))
    const buckets = await settle([{ device: 1 }], rows, [0, 2, 4, 5])
    for (const row of buckets) expect(row).toMatchObject({ energy_mj: QUARTER_MJ, gaps_ms: 0 })
    expect(buckets.map(({ bridged_ms }) => (bridged_ms ?? 0) / MINUTE)).toEqual([5, 15, 10, 0])
    expect(buckets[1]).toMatchObject({
      bridged_from_ms: baseMs + 10 * MINUTE,
      bridged_to_ms: baseMs + 70 * MINUTE,
    })
  })

  it('says nothing of a gap of more than six hours', async () => {
    const gone = (atMs: number) => atMs > 10 * MINUTE && atMs < 400 * MINUTE
    const rows = readings(1, joules300, 28).filter(({ atMs }) => !gone(atMs - baseMs))
    const buckets = await settle([{ device: 1 }], rows, [0, 10])
    expect(buckets[0]).toMatchObject({ counter_ms: 10 * MINUTE, gaps_ms: 5 * MINUTE })
    expect(buckets[1]).toMatchObject({ energy_mj: 0, gaps_ms: BUCKET_MS })
  })
})

describe('power', () => {
  it('is joined over three intervals and not over four', async () => {
    const without = (...gone: number[]) =>
      readings(1, watts300).filter(({ atMs }) => !gone.includes((atMs - baseMs) / STEP))
    const [joined] = await settle([{ device: 1 }], without(30, 31))
    expect(joined).toMatchObject({ power_ms: BUCKET_MS, energy_mj: QUARTER_MJ })
    baseMs += DAY
    await clearEnergy(store)
    const [split] = await settle([{ device: 1 }], without(30, 31, 32))
    expect(split).toMatchObject({ power_ms: BUCKET_MS - 4 * STEP, gaps_ms: 4 * STEP })
  })

  it('of a ramp is split at the edge of buckets without a loss', async () => {
    const ramp: Values = (atMs) => ({ powerMw: 100_000 + (atMs + REACH_MS) / 10 })
    const rows = readings(1, ramp, 2).map((one) => ({ ...one, atMs: one.atMs + 3_000 }))
    const [first, second] = await settle([{ device: 1 }], rows, [0, 1])
    // The mean of a ramp is its middle.
    const mj = (fromMs: number, toMs: number) =>
      ((100_000 + ((fromMs + toMs) / 2 - 3_000 + REACH_MS) / 10) * (toMs - fromMs)) / 1000
    expect(first?.['energy_mj']).toBeCloseTo(mj(0, BUCKET_MS), -1)
    expect(second?.['energy_mj']).toBeCloseTo(mj(BUCKET_MS, 2 * BUCKET_MS), -1)
  })
})
