import { expect, it } from 'vitest'
import { poissonBounds } from './poisson.ts'

/** Garwood's interval as tables of statistics print it. */
const KNOWN = [
  [0, 0, 3.689],
  [1, 0.0253, 5.572],
  [3, 0.6187, 8.767],
  [10, 4.795, 18.39],
  [50, 37.11, 65.92],
  [100, 81.36, 121.63],
] as const

it.each(KNOWN)('%i fits means from %f to %f', (count, low, high) => {
  const bounds = poissonBounds(count)
  expect(bounds.low).toBeCloseTo(low, low < 10 ? 3 : 1)
  expect(bounds.high).toBeCloseTo(high, high < 10 ? 2 : 1)
})

it('goes on smoothly where it is approximated', () => {
  const [exact, near] = [poissonBounds(100), poissonBounds(101)]
  expect(near.low - exact.low).toBeCloseTo(0.91, 1)
  expect(near.high - exact.high).toBeCloseTo(1.1, 1)
})
