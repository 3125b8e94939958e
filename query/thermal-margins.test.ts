import { expect, test } from 'vitest'
import { MARGIN_EDGES, marginsOf } from './thermal-margins.ts'

const device = (model: string, margin: number | null) => ({ place: { vendor: 'v', model }, margin })

test('every device is in one bin of its model or unknown; models with the least margin come first', () => {
  const found = marginsOf([
    device('A', 61),
    device('A', 60),
    device('A', 12),
    device('B', -3),
    device('B', 0),
    device('B', 4.9),
    device('B', null),
    device('C', null),
  ])
  expect(
    found.map(({ model, least, below_margin, unknown }) => [model, least, below_margin, unknown]),
  ).toEqual([
    ['B', -3, 3, 1],
    ['A', 12, 0, 0],
    ['C', null, 0, 1],
  ])
  for (const { devices, bins, unknown } of found) {
    expect(bins).toHaveLength(MARGIN_EDGES.length + 1)
    expect(bins.reduce((sum, count) => sum + count, unknown)).toBe(devices)
  }
  expect(found[0]?.bins.slice(0, 4)).toEqual([1, 1, 0, 1])
  expect(found[1]?.bins.at(-1)).toBe(2)
})
