import { expect, it } from 'vitest'
import { childrenIn } from './places.ts'

it('counts what a place has: racks of a hall or loop, nodes of a rack, devices of a node', () => {
  const nodes = Array.from({ length: 40 }, (_, at) => ({
    cluster: 'c1',
    hall: at < 24 ? 'h1' : 'h2',
    loop: at < 8 ? 'l1' : '',
    rack: `r${at >> 2}`,
    node: `n${at}`,
    devices: 8,
  }))
  const childrenOf = childrenIn(nodes)
  expect(childrenOf('rack', {})).toBe(10)
  expect(childrenOf('rack', { cluster: 'c1', hall: 'h1' })).toBe(6)
  expect(childrenOf('rack', { loop: 'l1' })).toBe(2)
  expect(childrenOf('node', { rack: 'r1' })).toBe(4)
  expect(childrenOf('device', { node: 'n1' })).toBe(8)
  expect(childrenOf('loop', {})).toBe(1)
  // Of a place it does not know, and of what stands nowhere, nothing is known.
  expect(childrenOf('rack', { hall: 'h9' })).toBeNull()
  expect(childrenOf('tenant', { hall: 'h1' })).toBeNull()
})
