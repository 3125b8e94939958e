import { array, assert, double, integer, option, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimate, pointsPx } from './decimate.ts'

const value = option(double({ min: -1e6, max: 1e6, noNaN: true }), { freq: 6 })
const known = (values: readonly (number | null)[]) => values.filter((one) => one !== null)

describe('points for drawing', () => {
  it('short columns come back as they are', () => {
    const times = [1, 2, 3]
    const columns = [[1, null, 3]]
    const drawn = decimate(times, columns, { from: 0, to: 4, width: 200 })
    expect(drawn).toEqual({ times, columns, density: 3 / 200 })
  })

  it('are at most two a pixel, and no stretch loses its extremes, its gaps or its place in time', () => {
    assert(
      property(
        array(tuple(value, value), { minLength: 0, maxLength: 1200 }),
        integer({ min: 5, max: 300 }),
        double({ min: 0, max: 0.4, noNaN: true }),
        integer({ min: 1, max: 12 }),
        (rows, width, cut, pairs) => {
          const times = rows.map((_row, at) => at * 10)
          const columns = Array.from({ length: pairs }, () => [
            rows.map(([a]) => a),
            rows.map(([, b]) => b),
          ]).flat()
          const [from, to] = [times.length * 10 * cut, times.length * 10 * (1 - cut)]
          const drawn = decimate(times, columns, { from, to, width })
          expect(drawn.times.length).toBeLessThanOrEqual(Math.max(9, pointsPx(2 * pairs) * width))
          expect(drawn.times).toEqual(drawn.times.toSorted((a, b) => a - b))
          for (const [at, column] of columns.entries()) {
            const points = drawn.columns[at] ?? []
            expect(points).toHaveLength(drawn.times.length)
            expect(new Set(points).isSubsetOf(new Set(column))).toBe(true)
            expect(Math.min(...known(points))).toBe(Math.min(...known(column)))
            expect(Math.max(...known(points))).toBe(Math.max(...known(column)))
            expect(points.includes(null)).toBe(column.includes(null))
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('a line has two points a pixel, twenty lines share ten', () => {
    expect([1, 5, 20, 200].map(pointsPx)).toEqual([2, 2, 0.5, 0.4])
  })

  it('a spike of one line of twenty is still there, where it was', () => {
    const times = Array.from({ length: 5_000 }, (_point, at) => at)
    const columns = Array.from({ length: 20 }, (_line, line) =>
      times.map((at) => (line === 13 && at === 2_222 ? 99 : line + Math.sin(at))),
    )
    const drawn = decimate(times, columns, { from: 0, to: 5_000, width: 1100 })
    expect(drawn.times.length).toBeLessThanOrEqual(550)
    const at = drawn.columns[13]?.indexOf(99) ?? -1
    expect(Math.abs((drawn.times[at] ?? 0) - 2_222)).toBeLessThan(2 * (3 / 0.5) * (5_000 / 1100))
  })

  it('a spike and a hole of one second in a day are still there, where they were', () => {
    const times = Array.from({ length: 86_400 }, (_second, at) => at * 1000)
    const column = times.map((): number | null => 0.7)
    column[30_000] = 0.99
    column[50_000] = null
    const drawn = decimate(times, [column], { from: 0, to: 86_400_000, width: 720 })
    expect(drawn.times.length).toBeLessThanOrEqual(1440)
    const [points = []] = drawn.columns
    const near = (index: number, second: number) =>
      expect(Math.abs((drawn.times[index] ?? 0) - second * 1000)).toBeLessThan(2 * 120_000)
    near(points.indexOf(0.99), 30_000)
    near(points.indexOf(null), 50_000)
  })

  it('100,000 points of three columns take no noticeable time', () => {
    const times = Array.from({ length: 100_000 }, (_point, at) => at)
    const columns = [0, 1, 2].map((phase) => times.map((at) => Math.sin(at / 50 + phase)))
    const startedMs = performance.now()
    decimate(times, columns, { from: 0, to: 100_000, width: 1200 })
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })
})
