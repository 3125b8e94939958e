import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { METER_METRICS } from '#schemas/meter-metrics.ts'
import { byPace } from './meter-pace.ts'

const FAST = new Set(['flow_liters_per_minute', 'leak_state'])

describe('values by pace', () => {
  it('of one kind are the object itself', () => {
    const slow = { power_watts: 5, voltage_volts: null }
    expect(byPace(slow, FAST)).toEqual({ fast: null, slow })
    expect(byPace(slow, FAST).slow).toBe(slow)
    const fast = { leak_state: 0 }
    expect(byPace(fast, FAST).fast).toBe(fast)
    expect(byPace({}, FAST)).toEqual({ fast: null, slow: null })
  })

  it('of both kinds are parted, none lost and none twice', () => {
    const names = METER_METRICS.map(({ name }) => name)
    const metrics = fc.dictionary(fc.constantFrom(...names), fc.option(fc.double()))
    fc.assert(
      fc.property(metrics, (given) => {
        const { fast, slow } = byPace(given, FAST)
        expect({ ...fast, ...slow }).toEqual({ ...given })
        expect(Object.keys(fast ?? {}).every((name) => FAST.has(name))).toBe(true)
        expect(Object.keys(slow ?? {}).some((name) => FAST.has(name))).toBe(false)
      }),
    )
  })
})
