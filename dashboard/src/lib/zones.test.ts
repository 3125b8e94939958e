import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { scaleDomain, spread, standing, zoneOf } from './zones.ts'

const reading = (utilization: number, lo: number, hi: number, coverage: number) => ({
  utilization,
  util_lo: lo,
  util_hi: hi,
  coverage,
})

describe('the zone of a utilization', () => {
  it('begins below its level, not at it', () => {
    expect(zoneOf(0.75)).toBe('ok')
    expect(zoneOf(0.7499)).toBe('ticket')
    expect(zoneOf(0.7)).toBe('ticket')
    expect(zoneOf(0.6999)).toBe('watch')
    expect(zoneOf(0.6499)).toBe('warn')
    expect(zoneOf(0.6)).toBe('warn')
    expect(zoneOf(0.5999)).toBe('danger')
  })
})

describe('standing', () => {
  it('nothing known is unknown, not danger', () => {
    const nothing = { utilization: null, util_lo: 0, util_hi: 1, coverage: 0 }
    expect(standing(nothing)).toEqual({ kind: 'unknown' })
  })

  it('silence never reads as healthy: below 95 % coverage there is no ok', () => {
    expect(standing(reading(0.9, 0.84, 0.91, 0.94))).toEqual({
      kind: 'held',
      best: 'ok',
      worst: 'ok',
    })
  })

  it('danger is certain at any coverage when even the upper bound is below the line', () => {
    expect(standing(reading(0.4, 0.36, 0.46, 0.9))).toEqual({
      kind: 'zone',
      zone: 'danger',
      certain: true,
    })
  })

  it('says when the bounds reach over a line', () => {
    expect(standing(reading(0.701, 0.69, 0.71, 0.98))).toMatchObject({
      zone: 'ticket',
      certain: false,
    })
    expect(standing(reading(0.72, 0.71, 0.73, 0.98))).toMatchObject({ certain: true })
  })
})

describe('the drawn scale', () => {
  it('always shows all four lines and both bounds, within 0..1', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b) => {
          const [lo, hi] = [Math.min(a, b), Math.max(a, b)]
          const { min, max } = scaleDomain(reading((lo + hi) / 2, lo, hi, 1))
          expect(min).toBeLessThanOrEqual(Math.min(lo, 0.6) + 1e-9)
          expect(max).toBeGreaterThanOrEqual(Math.max(hi, 0.75) - 1e-9)
          expect(min).toBeGreaterThanOrEqual(0)
          expect(max).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})

describe('labels beside the scale', () => {
  it('stay at their lines when there is room', () => {
    expect(spread([0, 20, 40], 15)).toEqual([0, 20, 40])
  })

  it('are moved apart evenly when there is none', () => {
    const placed = spread([100, 105, 110, 115], 15)
    for (const [at, place] of placed.entries()) {
      if (at > 0) expect(place - (placed[at - 1] ?? 0)).toBeGreaterThanOrEqual(15 - 1e-9)
    }
    expect((Math.min(...placed) + Math.max(...placed)) / 2).toBeCloseTo(107.5, 9)
    expect(spread([], 15)).toEqual([])
  })
})
