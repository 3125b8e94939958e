import { describe, expect, it } from 'vitest'
import { tallBlocks, type TallRow } from './tall-rows.ts'

const row = (value: number): TallRow => ({
  atMs: 1000,
  cluster: 'c1',
  node: 'n1',
  deviceId: 5n,
  link: 'nvlink/0',
  metric: 'link_up',
  stepMs: 60_000,
  logPosition: 1,
  value,
})

describe('blocks of node and link samples', () => {
  it('are cut where a token would no longer cover them, in order, always at the same place', () => {
    const blocks = tallBlocks([row(1), row(2), row(3)], 'samples_link', 2)
    expect(blocks.map(({ rows }) => rows)).toEqual([2, 1])
    const values = blocks.map(({ columns }) => columns.find(({ name }) => name === 'value')?.values)
    expect(values).toEqual([Float64Array.of(1, 2), Float64Array.of(3)])
  })

  it('nothing is no block', () => {
    expect(tallBlocks([], 'samples_node')).toEqual([])
  })
})
