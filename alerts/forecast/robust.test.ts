import { describe, expect, it } from 'vitest'
import { median, normalQuantile, quantile, robustSigma, seeded, theilSen } from './robust.ts'

describe('robust statistics', () => {
  it('a median and a spread are not moved by a wild value', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([1, 2, 3, 1e9])).toBe(2.5)
    expect(robustSigma([1, 2, 3, 4, 1e9])).toBeCloseTo(1.4826, 4)
    expect(quantile([0, 10], 0.25)).toBe(2.5)
  })

  it('Theil-Sen finds the line under outliers and holes, and says nothing of few points', () => {
    const line = Array.from({ length: 24 }, (_, at) => 0.7 - 0.002 * at)
    const spoiled = line.map((value, at) => (at === 5 ? 0 : at === 9 ? null : value))
    const found = theilSen(spoiled)
    expect(found?.slope).toBeCloseTo(-0.002, 6)
    expect(found?.end).toBeCloseTo(0.7 - 0.002 * 23, 6)
    expect(theilSen([1, 2, 3, 4, 5, 6, 7])).toBeNull()
  })

  it('quantiles of the normal distribution, both sides', () => {
    expect(normalQuantile(0.9)).toBeCloseTo(1.2816, 2)
    expect(normalQuantile(0.1)).toBeCloseTo(-1.2816, 2)
    expect(normalQuantile(0.5)).toBeCloseTo(0, 2)
  })

  it('a seed repeats its numbers', () => {
    const [a, b] = [seeded(7), seeded(7)]
    const first = [a(), a(), a()]
    expect([b(), b(), b()]).toEqual(first)
    expect(first.every((value) => value >= 0 && value < 1)).toBe(true)
  })
})
