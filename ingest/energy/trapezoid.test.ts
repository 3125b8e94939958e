import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { added, energyOf, milliwattsOf, type PowerSample, wattHours } from './trapezoid.ts'

const EVER = { fromMs: -1e15, toMs: 1e15 }
const GAP = 3_000

const curve = fc
  .array(
    fc.record({
      afterMs: fc.integer({ min: 1, max: 5_000 }),
      milliwatts: fc.integer({ min: 0, max: 20_000_000 }),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let atMs = 1_645_149_432_521
    return steps.map(({ afterMs, milliwatts }): PowerSample => {
      atMs += afterMs
      return { atMs, milliwatts }
    })
  })

describe('energy of a power curve', () => {
  it('is the same sum wherever the span is cut', () => {
    fc.assert(
      fc.property(curve, fc.array(fc.nat(200_000), { maxLength: 6 }), (samples, cuts) => {
        const start = (samples[0]?.atMs ?? 0) - 100
        const edges = [start, ...cuts.map((cut) => start + cut), start + 300_000].toSorted(
          (a, b) => a - b,
        )
        const parts = edges
          .slice(1)
          .map((toMs, at) => energyOf(samples, { fromMs: edges[at] ?? toMs, toMs }, GAP))
        const whole = energyOf(samples, EVER, GAP)
        expect(parts.reduce(added)).toEqual(whole)
      }),
    )
  })

  it('of two curves that share a sample is the energy of the joined one', () => {
    fc.assert(
      fc.property(curve, fc.nat(), (samples, at) => {
        const cut = samples.length === 0 ? 0 : at % samples.length
        const parts = [samples.slice(0, cut + 1), samples.slice(cut)]
        const sum = parts.map((part) => energyOf(part, EVER, GAP)).reduce(added)
        expect(sum).toEqual(energyOf(samples, EVER, GAP))
      }),
    )
  })

  it('of constant power is power times time, and no less than nothing in any part', () => {
    const samples = [0, 1000, 2016, 3016].map((atMs) => ({ atMs, milliwatts: 1_350_100 }))
    const whole = energyOf(samples, EVER, GAP)
    expect(whole).toEqual({ halfMicrojoules: 2n * 1_350_100n * 3016n, knownMs: 3016 })
    expect(wattHours(whole)).toBeCloseTo((1350.1 * 3.016) / 3600, 12)
  })

  it('leaves a gap of more than three intervals unknown, and counts one of less once', () => {
    const at = (atMs: number) => ({ atMs, milliwatts: 1000 })
    expect(energyOf([at(0), at(1000), at(4001), at(5001)], EVER, GAP).knownMs).toBe(2000)
    expect(energyOf([at(0), at(1000), at(4000), at(5000)], EVER, GAP).knownMs).toBe(5000)
    expect(energyOf([at(0), at(1000), at(1000), at(2000)], EVER, GAP).knownMs).toBe(2000)
    expect(energyOf([], EVER, GAP)).toEqual({ halfMicrojoules: 0n, knownMs: 0 })
  })

  it('takes watts with decimals as the whole milliwatts that they are', () => {
    expect([1450.2, 638.4, 0.1, 2181.6].map(milliwattsOf)).toEqual([
      1_450_200, 638_400, 100, 2_181_600,
    ])
  })
})
