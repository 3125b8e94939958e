import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHistogram, quantile } from './histogram.ts'

const MINUTE_MS = 60_000

test('nothing observed is unknown, not zero', () => {
  expect(createHistogram([1, 10], () => 0).recent()).toBeNull()
})

test('the recent distribution forgets what is older than five minutes, the total does not', () => {
  let nowMs = 100 * MINUTE_MS
  const histogram = createHistogram([1, 10], () => nowMs)
  histogram.observe(100)
  nowMs += 4 * MINUTE_MS
  histogram.observe(0.5)
  expect(histogram.recent()).toMatchObject({ count: 2, max: 100 })
  nowMs += MINUTE_MS
  expect(histogram.recent()).toMatchObject({ count: 1, max: 0.5 })
  nowMs += 10 * MINUTE_MS
  expect(histogram.recent()).toBeNull()
  expect(histogram.total()).toMatchObject({ sum: 100.5 })
  expect(Array.from(histogram.total().counts)).toEqual([1, 0, 1])
})

test('a slot that is used again starts empty', () => {
  let nowMs = 0
  const histogram = createHistogram([1], () => nowMs)
  histogram.observe(5)
  nowMs = 5 * MINUTE_MS
  histogram.observe(0.5)
  expect(histogram.recent()).toEqual({ count: 1, p50: 0.25, p99: 0.495, max: 0.5 })
})

test('a value on a bound belongs to the bucket below it, as Prometheus has it', () => {
  const histogram = createHistogram([1, 2], () => 0)
  histogram.observe(1)
  expect(Array.from(histogram.total().counts)).toEqual([1, 0, 0])
})

test('a clock that goes back loses no count of the total and never fails', () => {
  let nowMs = 10 * MINUTE_MS
  const histogram = createHistogram([1], () => nowMs)
  histogram.observe(1)
  nowMs = 3 * MINUTE_MS
  histogram.observe(1)
  expect(histogram.recent()?.count).toBe(1)
  expect(histogram.total().sum).toBe(2)
})

test('quantiles lie within the bucket of the true value and never beyond the largest', () => {
  const bounds = [1, 5, 10, 50, 100]
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const histogram = createHistogram(bounds, () => 0)
        for (const value of values) histogram.observe(value)
        const sorted = values.toSorted((a, b) => a - b)
        const max = sorted.at(-1) ?? 0
        const truth = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
        const { counts } = histogram.total()
        const found = quantile(bounds, counts, { share, max })
        const bucket = bounds.findIndex((bound) => truth <= bound)
        const low = bucket === -1 ? 100 : bucket === 0 ? 0 : (bounds[bucket - 1] ?? 0)
        const high = bucket === -1 ? max : (bounds[bucket] ?? max)
        expect(found).toBeGreaterThanOrEqual(low)
        expect(found).toBeLessThanOrEqual(Math.min(high, max))
      },
    ),
  )
})
