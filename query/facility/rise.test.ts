import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { theilSen } from './rise.ts'

const seconds = (count: number, step = 1) => Array.from({ length: count }, (_, at) => at * step)

test('a straight rise is its slope in degrees a minute, however many samples', () => {
  for (const count of [3, 7, 60, 61, 180])
    expect(
      theilSen(
        seconds(count),
        seconds(count).map((at) => 30 + at / 30),
      ),
    ).toBeCloseTo(2, 9)
})

test('one wild value in ten does not move it', () => {
  const celsius = seconds(30).map((at) => (at % 10 === 4 ? 300 : 30 + at / 60))
  expect(theilSen(seconds(30), celsius)).toBeCloseTo(1, 1)
})

test('too few samples, or all at one moment, say nothing', () => {
  expect(theilSen([0, 1], [1, 2])).toBeNull()
  expect(theilSen([5, 5, 5], [1, 2, 3])).toBeNull()
})

test('it lies between the least and the greatest slope, and turns with the sign', () => {
  const sample = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: -40, max: 90 }))
  fc.assert(
    fc.property(fc.array(sample, { minLength: 3, maxLength: 80 }), (samples) => {
      const sorted = samples.toSorted(([a], [b]) => a - b)
      const at = sorted.map(([second]) => second)
      const up = theilSen(
        at,
        sorted.map(([, celsius]) => celsius),
      )
      const down = theilSen(
        at,
        sorted.map(([, celsius]) => -celsius),
      )
      if (up === null) expect(down).toBeNull()
      else expect(-up).toBeCloseTo(down ?? Number.NaN, 6)
    }),
  )
})
