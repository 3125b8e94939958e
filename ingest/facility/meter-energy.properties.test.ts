import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { BRIDGE_MAX_MS } from './counter.ts'
import { BUCKET_MS, type MeterFacts, meterEnergy } from './meter-energy.ts'
import type { MeterReadings, StoredReading } from './readings.ts'

const SPAN_MS = 4 * BUCKET_MS
const reading = (value: fc.Arbitrary<number>): fc.Arbitrary<StoredReading> =>
  fc.record({
    atMs: fc.integer({ min: 0, max: SPAN_MS }),
    value,
    stepMs: fc.constant(30_000),
    insertedMs: fc.nat(10_000_000),
  })
/** Anything a broken meter may send. */
const wild = fc.oneof(
  fc.double({ min: -2, max: 1e18, noNaN: false }),
  fc.integer({ min: 0, max: 5_000_000 }),
  fc.constantFrom(0, -1, 2 ** 32, 2 ** 53, 1e18),
)
const readings: fc.Arbitrary<MeterReadings> = fc.record({
  energy: fc.array(reading(wild), { maxLength: 40 }),
  power: fc.array(reading(wild), { maxLength: 20 }),
  resets: fc.array(reading(fc.nat(2_000_000_000)), { maxLength: 5 }),
})
const facts: fc.Arbitrary<MeterFacts> = fc.record({
  energy: fc.constantFrom('auto', 'counter', 'power'),
  quantum_joules: fc.constantFrom(0, 1000, 360_000),
  rollover_joules: fc.constantFrom(null, 2 ** 32, 2 ** 32 * 1000),
  max_watts: fc.constantFrom(null, 10_000, 1e6),
})
const buckets = (given: MeterReadings, of: MeterFacts) => {
  const energy = meterEnergy(given, of)
  return [0, 1, 2, 3].map((index) => energy.bucket(index * BUCKET_MS))
}

it('whatever a meter sends, energy is a whole number that is not negative, of no more time than there is', () => {
  fc.assert(
    fc.property(readings, facts, (given, of) => {
      for (const { energyMj, knownMs, estimatedMs } of buckets(given, of)) {
        expect(Number.isSafeInteger(energyMj) && energyMj >= 0).toBe(true)
        expect(knownMs).toBeLessThanOrEqual(BUCKET_MS)
        expect(estimatedMs).toBeLessThanOrEqual(knownMs)
        expect(estimatedMs).toBeGreaterThanOrEqual(0)
      }
    }),
    { numRuns: 500 },
  )
})

it('any order of arrival, and readings that come twice, give the same', () => {
  const shuffled = readings.chain((given) =>
    fc
      .tuple(
        fc.shuffledSubarray([...given.energy, ...given.energy], {
          minLength: given.energy.length * 2,
        }),
        fc.shuffledSubarray([...given.power], { minLength: given.power.length }),
      )
      .map(([energy, power]) => ({ given, other: { ...given, energy, power } })),
  )
  fc.assert(
    fc.property(shuffled, facts, ({ given, other }, of) => {
      expect(buckets(other, of)).toEqual(buckets(given, of))
    }),
    { numRuns: 300 },
  )
})

it('a span split anywhere adds up to the whole, to the last unit', () => {
  const cut = fc.integer({ min: 0, max: SPAN_MS })
  fc.assert(
    fc.property(readings, facts, fc.tuple(cut, cut, cut), (given, of, cuts) => {
      const [fromMs = 0, atMs = 0, toMs = 0] = cuts.toSorted((a, b) => a - b)
      const energy = meterEnergy(given, of)
      const [whole, first, rest] = [
        energy.of({ fromMs, toMs }),
        energy.of({ fromMs, toMs: atMs }),
        energy.of({ fromMs: atMs, toMs }),
      ]
      expect(first.counterMj + rest.counterMj).toBe(whole.counterMj)
      expect(first.counterMs + rest.counterMs).toBe(whole.counterMs)
      expect(first.power.halfMicrojoules + rest.power.halfMicrojoules).toBe(
        whole.power.halfMicrojoules,
      )
      expect(first.power.knownMs + rest.power.knownMs).toBe(whole.power.knownMs)
    }),
    { numRuns: 500 },
  )
})

/** A true load, read by a counter that is reset, rolls over, is silent, and whose rows come twice. */
const load = fc.record({
  watts: fc.array(fc.integer({ min: 1000, max: 9000 }), { minLength: 121, maxLength: 121 }),
  start: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  silent: fc.array(fc.boolean(), { minLength: 121, maxLength: 121 }),
})

it('a counter of 32 bits gives what flowed between its first and last reading, whatever is lost and wherever it rolls over', () => {
  fc.assert(
    fc.property(load, ({ watts, start, silent }) => {
      let joules = start
      const truth: number[] = []
      for (const watt of watts) truth.push((joules += watt * 30))
      const energy = truth.flatMap((value, index) =>
        silent[index] === true && index % 4 !== 0
          ? []
          : [{ atMs: index * 30_000, value: value % 2 ** 32, stepMs: 30_000, insertedMs: 0 }],
      )
      const of = {
        energy: 'counter',
        quantum_joules: 0,
        rollover_joules: 2 ** 32,
        max_watts: 10_000,
      } as const
      const given = { energy, power: [], resets: [] }
      const total = buckets(given, of).reduce((sum, { energyMj }) => sum + energyMj, 0)
      expect(total).toBe(((truth.at(-1) ?? 0) - (truth[0] ?? 0)) * 1000)
    }),
    { numRuns: 200 },
  )
})

it('a reset loses at most what flowed since the last reading, and never counts more than flowed', () => {
  fc.assert(
    fc.property(load, fc.integer({ min: 1, max: 119 }), ({ watts, start }, resetAt) => {
      let joules = start + 1e8
      let [flowed, lost] = [0, 0]
      const energy = watts.map((watt, index) => {
        const step = watt * 30
        if (index > 0) flowed += step
        joules += step
        // Reset half way between two readings.
        if (index === resetAt) [joules, lost] = [step / 2, step / 2]
        return { atMs: index * 30_000, value: joules, stepMs: 30_000, insertedMs: 0 }
      })
      const of = {
        energy: 'auto',
        quantum_joules: 0,
        rollover_joules: null,
        max_watts: 10_000,
      } as const
      const total = buckets({ energy, power: [], resets: [] }, of).reduce(
        (sum, { energyMj }) => sum + energyMj,
        0,
      )
      expect(total).toBe((flowed - lost) * 1000)
    }),
    { numRuns: 200 },
  )
})

it('a silence of more than a day is not bridged', () => {
  const energy = [0, BRIDGE_MAX_MS + 1].map((atMs) => ({
    atMs,
    stepMs: 30_000,
    insertedMs: 0,
    value: atMs,
  }))
  const of = { energy: 'auto', quantum_joules: 0, rollover_joules: null, max_watts: null } as const
  expect(meterEnergy({ energy, power: [], resets: [] }, of).bucket(0).knownMs).toBe(0)
})
