import { array, assert, double, option, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groundOf } from './ground.ts'

describe('the area under a line', () => {
  it('follows a short line point by point', () => {
    expect(groundOf([1, 2, 3], 0, 2)).toBeNull()
  })

  it('has few corners under a long one, all of them points of the line, none farther from zero than its neighbours', () => {
    const value = option(double({ min: -1e3, max: 1e3, noNaN: true }), { freq: 5 })
    assert(
      property(array(value, { minLength: 700, maxLength: 1500 }), (column) => {
        const corners = groundOf(column, 0, column.length - 1) ?? []
        expect(corners.length).toBeLessThanOrEqual(Math.ceil(column.length / 12))
        for (const [at, corner] of corners.entries()) {
          expect(column[corner.index]).toBe(corner.value)
          expect(corner.index).toBeGreaterThan(corners[at - 1]?.index ?? -1)
          const start = corner.index - (corner.index % 12)
          for (const near of column.slice(start, start + 12))
            if (near !== null) expect(Math.abs(corner.value)).toBeLessThanOrEqual(Math.abs(near))
        }
      }),
      { numRuns: 20 },
    )
  })
})
