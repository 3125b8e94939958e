import { expect, test } from 'vitest'
import { changePoint } from './explain-moment.ts'

test('the first value of the new level', () => {
  expect(changePoint([9, 10, 9, 0, 0, 1])).toBe(3)
  expect(changePoint([0, 0, 8, 7, 8])).toBe(2)
})

test('nothing changed, or nothing to compare', () => {
  expect(changePoint([])).toBeNull()
  expect(changePoint([4])).toBeNull()
  expect(changePoint([4, 4, 4])).toBeNull()
})
