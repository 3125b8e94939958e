import { array, assert, double, property } from 'fast-check'
import { expect, it } from 'vitest'
import { wholesOf, wholesOfSum } from './largest-remainder.ts'

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

it('printed parts sum to the printed whole, and none is one or more from what it is', () => {
  assert(
    property(array(double({ min: -400, max: 400, noNaN: true }), { maxLength: 12 }), (parts) => {
      const wholes = wholesOfSum(parts)
      // Adding 0 makes no difference except of -0.
      if (parts.length > 0) expect(sum(wholes) + 0).toBe(Math.round(sum(parts)) + 0)
      for (const [at, part] of parts.entries())
        expect(Math.abs((wholes[at] ?? 0) - part)).toBeLessThan(1.001)
    }),
  )
})

it('what lost most gets what is left, and what is nothing stays nothing', () => {
  expect(wholesOfSum([1.4, 1.4, 1.2])).toEqual([2, 1, 1])
  expect(wholesOfSum([2.5, -0.5])).toEqual([3, -1])
  expect(wholesOfSum([0.1, 0.2, 2.7])).toEqual([0, 0, 3])
  expect(wholesOfSum([])).toEqual([])
  expect(wholesOf([0, 333.4, 333.3, 333.3], 1000)).toEqual([0, 334, 333, 333])
})
