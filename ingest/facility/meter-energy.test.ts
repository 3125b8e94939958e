import { describe, expect, it } from 'vitest'
import { meterFlags } from '#schemas/meter-flags.ts'
import { BUCKET_MS, type MeterFacts, meterEnergy } from './meter-energy.ts'
import { NO_READINGS, type StoredReading } from './readings.ts'

const STEP = 30_000
const FACTS: MeterFacts = {
  energy: 'auto',
  quantum_joules: 0,
  rollover_joules: null,
  max_watts: null,
}
/** Readings from 0 on, one per interval; null = none came. */
const series = (values: readonly (number | null)[], stepMs = STEP): StoredReading[] =>
  values.flatMap((value, index) =>
    value === null
      ? []
      : [{ atMs: index * stepMs, value, stepMs, insertedMs: index * stepMs + 1_000 }],
  )
/** Readings of a whole bucket and its edge. */
const whole = (value: (index: number) => number | null, length = BUCKET_MS / STEP + 1) =>
  series(Array.from({ length }, (_, index) => value(index)))
const bucket = (
  energy: StoredReading[],
  facts: Partial<MeterFacts> = {},
  power: StoredReading[] = [],
) => {
  const found = meterEnergy({ ...NO_READINGS, energy, power }, { ...FACTS, ...facts }).bucket(0)
  return { ...found, flags: meterFlags(found.flags) }
}
/** 10 kW in 30 s. */
const ROUND = 300_000

describe('a counter', () => {
  it('is the difference over the bucket', () => {
    expect(bucket(whole((index) => 5e9 + index * ROUND))).toEqual({
      fromMs: 0,
      energyMj: 30 * ROUND * 1000,
      knownMs: BUCKET_MS,
      estimatedMs: 0,
      flags: [],
    })
  })

  it('comes before power, which is integrated only where there is no counter', () => {
    const power = whole(() => 99_000)
    expect(
      bucket(
        whole((index) => index * ROUND),
        {},
        power,
      ),
    ).toMatchObject({
      energyMj: 30 * ROUND * 1000,
      estimatedMs: 0,
    })
    const late = whole((index) => (index < 10 ? null : index * ROUND))
    expect(
      bucket(
        late,
        {},
        whole(() => 10_000),
      ),
    ).toEqual({
      fromMs: 0,
      energyMj: 9e9,
      knownMs: BUCKET_MS,
      estimatedMs: 10 * STEP,
      flags: ['estimated'],
    })
  })

  it('that a person reset counts from zero, and says so', () => {
    const reset = whole((index) => (index < 15 ? 8e9 + index * ROUND : (index - 15) * ROUND + 1000))
    expect(bucket(reset)).toMatchObject({
      // What flowed between the last reading and the reset is not known and not guessed.
      energyMj: (29 * ROUND + 1000) * 1000,
      knownMs: BUCKET_MS,
      flags: ['reset'],
    })
  })

  it('that says it was reset counts from zero although it did not fall', () => {
    const energy = whole((index) => (index < 15 ? index * 10 : 1000 + (index - 15) * 10))
    const resets = whole((index) => (index < 15 ? 1_700_000_000 : 1_700_000_900))
    const facts = { ...FACTS, max_watts: 50 }
    const found = meterEnergy({ energy, resets, power: [] }, facts).bucket(0)
    expect([found.energyMj, meterFlags(found.flags)]).toEqual([
      (14 * 10 + 1000 + 15 * 10) * 1000,
      ['reset'],
    ])
  })

  it('of 32 bits passes its end', () => {
    const rollover_joules = 2 ** 32 * 1000
    const energy = whole(
      (index) => (rollover_joules - 10 * ROUND + index * ROUND) % rollover_joules,
    )
    expect(bucket(energy, { rollover_joules, max_watts: 20_000 })).toMatchObject({
      energyMj: 30 * ROUND * 1000,
      flags: ['rollover'],
    })
  })

  it('of 32 bits that fell far from its end was reset', () => {
    const rollover_joules = 2 ** 32 * 1000
    const energy = whole((index) => (index < 15 ? 1e9 + index * ROUND : (index - 15) * ROUND))
    expect(bucket(energy, { rollover_joules, max_watts: 20_000 })).toMatchObject({
      energyMj: 29 * ROUND * 1000,
      flags: ['reset'],
    })
  })

  it('whose words were swapped for some readings goes on as if they had not been', () => {
    for (const limits of [{}, { max_watts: 40_000 }]) {
      const energy = whole((index) =>
        index >= 12 && index < 16 ? 7.3e14 + index * 1e9 : 5e9 + index * ROUND,
      )
      expect(bucket(energy, limits)).toMatchObject({
        energyMj: 30 * ROUND * 1000,
        knownMs: BUCKET_MS,
        flags: ['implausible'],
      })
    }
  })

  it('with one reading far too low was not reset', () => {
    const energy = whole((index) => (index === 12 ? 3 : 5e9 + index * ROUND))
    expect(bucket(energy)).toMatchObject({ energyMj: 30 * ROUND * 1000, flags: ['implausible'] })
  })

  it('-1 and what is not a number are no readings', () => {
    const energy = whole((index) =>
      index === 12 ? -1 : index === 13 ? Number.NaN : 5e9 + index * ROUND,
    )
    expect(bucket(energy)).toMatchObject({ energyMj: 30 * ROUND * 1000, flags: [] })
  })

  it('of another meter in the same place begins anew: the jump is nobody’s energy', () => {
    const energy = whole((index) => (index < 15 ? 5e9 : 9e12) + index * ROUND)
    expect(bucket(energy, { max_watts: 40_000 })).toMatchObject({
      energyMj: 29 * ROUND * 1000,
      knownMs: BUCKET_MS - STEP,
      flags: ['implausible'],
    })
  })

  it('believes a load that steps up, by its power or by the next difference', () => {
    const energy = whole((index) => (index < 20 ? index : 20 + (index - 20) * 8) * ROUND)
    const expected = { energyMj: (20 + 80) * ROUND * 1000, knownMs: BUCKET_MS, flags: [] }
    expect(bucket(energy)).toMatchObject(expected)
    const power = whole((index) => (index < 20 ? 10_000 : 80_000))
    expect(bucket(energy, {}, power)).toMatchObject(expected)
  })

  it('in steps of 0.1 kWh is not refused for its steps, and is called coarse', () => {
    const quantum = 360_000
    const energy = whole((index) => Math.floor((index * 180_000) / quantum) * quantum)
    const coarse = { energyMj: 30 * 180_000 * 1000, knownMs: BUCKET_MS, flags: ['coarse'] }
    expect(bucket(energy, { max_watts: 8_000, quantum_joules: quantum })).toMatchObject(coarse)
    expect(bucket(energy, { max_watts: 8_000 })).toMatchObject(coarse)
  })

  it('with two wrong values in turn does not count in steps of them', () => {
    const energy = whole((index) => (index < 26 ? 0 : ([0, 1e18, 0, 1e18, 0][index - 26] ?? 0)))
    expect(bucket(energy)).toMatchObject({ energyMj: 0, flags: ['implausible'] })
  })

  it('that trembles by one step counts nothing twice', () => {
    const energy = whole((index) => 1e9 + index * ROUND - (index % 7 === 3 ? ROUND + 100 : 0))
    expect(bucket(energy, { quantum_joules: 200 })).toMatchObject({ energyMj: 30 * ROUND * 1000 })
  })

  it('bridges its own gaps in a straight line, up to a day, and says so beyond a bucket', () => {
    const energy = [0, 3_600_000].map((atMs) => ({
      atMs,
      stepMs: STEP,
      insertedMs: atMs,
      value: atMs * 10,
    }))
    const found = meterEnergy({ ...NO_READINGS, energy }, FACTS)
    for (const index of [0, 1, 2, 3])
      expect(found.bucket(index * BUCKET_MS)).toMatchObject({
        energyMj: 9e9,
        knownMs: BUCKET_MS,
        flags: 8,
      })
    expect(found.long).toMatchObject([{ fromMs: 0, toMs: 3_600_000, insertedMs: 3_600_000 }])
    const days = energy.map((one) => ({ ...one, atMs: one.atMs * 25 }))
    expect(meterEnergy({ ...NO_READINGS, energy: days }, FACTS).bucket(0).knownMs).toBe(0)
  })
})

describe('power over time', () => {
  it('is a trapezoid and is called an estimate', () => {
    const power = whole((index) => 1_000 + index * 10)
    expect(bucket([], {}, power)).toEqual({
      fromMs: 0,
      energyMj: 900 * 1_150 * 1000,
      knownMs: BUCKET_MS,
      estimatedMs: BUCKET_MS,
      flags: ['estimated'],
    })
  })

  it('bridges no gap longer than a bucket', () => {
    const power = series([1000, null, null, 1000], 600_000)
    expect(bucket([], {}, power)).toMatchObject({ energyMj: 0, knownMs: 0, flags: [] })
  })

  it('a value beyond the rating is refused', () => {
    const power = whole((index) => (index === 7 ? 4e8 : 1000))
    expect(bucket([], { max_watts: 5000 }, power)).toMatchObject({
      energyMj: 9e8,
      flags: ['estimated', 'implausible'],
    })
    expect(bucket([], {}, power)).toMatchObject({ energyMj: 9e8 })
  })
})

it('a meter whose rows come eight hours after their own time has a wrong clock; what was spooled has not', () => {
  const late = (insertedMs: (atMs: number) => number) =>
    whole((index) => index * ROUND).map((one) => ({ ...one, insertedMs: insertedMs(one.atMs) }))
  expect(bucket(late((atMs) => atMs + 8 * 3_600_000)).flags).toEqual(['clock'])
  expect(bucket(late(() => 8 * 3_600_000)).flags).toEqual([])
})
