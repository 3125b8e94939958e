import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { median, medianDistance, peerFigures, risePerMinute } from './thermal-figures.ts'

test('median and MAD of examples by hand', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNull()
  // Distances from 2: 1 1 0 0 2 4 7, in order 0 0 1 1 2 4 7.
  expect(medianDistance([1, 1, 2, 2, 4, 6, 9])).toBe(1)
  expect(medianDistance([5, 5, 5])).toBe(0)
  expect(medianDistance([])).toBeNull()
})

test('one wild value moves neither median nor MAD beyond its neighbours', () => {
  const values = [60, 61, 61, 62, 62, 63]
  expect(median([...values, 1e9])).toBe(62)
  expect(medianDistance([...values, 1e9])).toBe(1)
})

test('rise by least squares', () => {
  expect(risePerMinute([0, 10, 20, 30], [60, 61, 62, 63])).toBeCloseTo(6, 12)
  expect(risePerMinute([0, 30, 60], [60, 60, 60])).toBe(0)
  // By hand: mean at 30 s and 61; (-30 x -1 + 30 x 1) / (900 + 900) a second.
  expect(risePerMinute([0, 30, 60], [60, 61, 62])).toBeCloseTo(2, 12)
  expect(risePerMinute([0, 10], [60, 70])).toBeNull()
  expect(risePerMinute([5, 5, 5], [60, 70, 80])).toBeNull()
})

test('rise finds the slope of any straight line, however far from the epoch', () => {
  const slopes = fc.double({ min: -20, max: 20, noNaN: true })
  fc.assert(
    fc.property(slopes, fc.integer({ min: 3, max: 60 }), (slope, count) => {
      const seconds = Array.from({ length: count }, (_, at) => 1_790_000_000 + at * 10)
      const celsius = seconds.map((_, at) => 60 + (slope * at * 10) / 60)
      expect(risePerMinute(seconds, celsius)).toBeCloseTo(slope, 6)
    }),
  )
})

describe('without a supply temperature', () => {
  const rack = (celsius: readonly number[], watts = 500) => ({
    points: celsius.map((value) => ({ celsius: value, watts })),
    supplyCelsius: null,
    capWatts: 700,
  })

  test('a device is compared with peers of similar power', () => {
    const [figures] = peerFigures(rack([60, 61, 62, 61, 60, 75]), [5])
    expect(figures).toEqual({
      reference: 'peers',
      unit: 'celsius',
      peers: 6,
      resistance: null,
      median: 61,
      mad: 1,
      deviation: 14,
      score: 14,
      reason: null,
    })
  })

  test('idle devices are no peers of busy ones', () => {
    const points = [
      ...[61, 62, 63, 62, 61].map((celsius) => ({ celsius, watts: 600 })),
      ...[35, 36, 35, 36, 35].map((celsius) => ({ celsius, watts: 90 })),
    ]
    const figures = peerFigures({ points, supplyCelsius: null, capWatts: 700 }, [1, 6])
    expect(figures.map(({ peers, median: middle }) => [peers, middle])).toEqual([
      [5, 62],
      [5, 35],
    ])
  })

  test('alike to the degree is no outlier of a hundredth', () => {
    const [figures] = peerFigures(rack([60, 60, 60, 60, 60.01]), [4])
    expect(figures?.mad).toBe(0)
    expect(figures?.score).toBeCloseTo(0.02, 6)
  })

  test('few peers, or no power: nothing is said, with the reason', () => {
    expect(peerFigures(rack([60, 61, 62, 75]), [3])).toMatchObject([
      { score: null, deviation: null, reason: 'few_peers', peers: 4 },
    ])
    const points = [{ celsius: 60, watts: null }]
    expect(peerFigures({ points, supplyCelsius: null, capWatts: null }, [0])).toMatchObject([
      { score: null, reason: 'no_power' },
    ])
  })
})

describe('with a supply temperature', () => {
  const group = (...points: readonly (readonly [celsius: number, watts: number | null])[]) => ({
    points: points.map(([celsius, watts]) => ({ celsius, watts })),
    supplyCelsius: 30,
    capWatts: 700,
  })

  test('resistance does not depend on load: the blocked plate is found at part load', () => {
    // 0.05 K/W everywhere, whatever the power; the last one has 0.1 K/W and is not even the hottest.
    const hall = group([65, 700], [60, 600], [55, 500], [50, 400], [45, 300], [60, 300])
    const [usual, blocked] = peerFigures(hall, [0, 5])
    expect(usual).toMatchObject({ reference: 'supply', unit: 'celsius_per_watt', deviation: 0 })
    expect(usual?.resistance).toBeCloseTo(0.05, 12)
    expect(blocked?.resistance).toBeCloseTo(0.1, 12)
    // The MAD is 0, so half a degree at 300 W counts instead: 0.05 / (0.5 / 300).
    expect(blocked?.score).toBeCloseTo(30, 9)
  })

  test('below 30 % of the cap noise would decide', () => {
    const hall = group([65, 700], [60, 600], [55, 500], [50, 400], [45, 300], [40, 200], [40, null])
    expect(peerFigures(hall, [5, 6])).toMatchObject([
      { resistance: null, reason: 'low_power', peers: 5 },
      { resistance: null, reason: 'no_power' },
    ])
  })

  test('the resistance stands where peers are few', () => {
    expect(peerFigures(group([65, 700]), [0])).toMatchObject([
      { resistance: 0.05, score: null, reason: 'few_peers' },
    ])
  })
})
