import { describe, expect, it } from 'vitest'
import { deviceId } from '../identity/device-id.ts'
import { createNaming } from './naming.ts'
import { createSeats, type Seat } from './seats.ts'

const seat = (id: bigint, node: string, more: Partial<Seat> = {}): Seat => ({
  deviceId: id,
  canonicalKey: `uuid:${id}`,
  cluster: 'c1',
  node,
  index: 0,
  bus: '',
  fromMs: 10,
  lastMs: 10,
  ...more,
})
const idsOf = (found: readonly Seat[]) => found.map(({ deviceId: id }) => id)

describe('who sits in a node', () => {
  it('at a moment is who was said to last, or first if nobody yet', () => {
    // 1 is replaced by 2 in its slot at 50; 3 moves from n1 to n2 at 60.
    const seats = createSeats([
      seat(1n, 'n1', { lastMs: 30 }),
      seat(2n, 'n1', { fromMs: 50, lastMs: 50 }),
      seat(3n, 'n1', { index: 1 }),
      seat(3n, 'n2', { fromMs: 60, lastMs: 60 }),
    ])
    expect(idsOf(seats.ofNode('n1', 20))).toEqual([1n, 3n])
    expect(idsOf(seats.ofNode('n1', 55))).toEqual([2n, 3n])
    expect(idsOf(seats.ofNode('n1', 70))).toEqual([2n])
    expect(idsOf(seats.ofNode('n2', 70))).toEqual([3n])
    expect(idsOf(seats.ofNode('n1', 1))).toEqual([1n, 3n])
    expect(idsOf(seats.ofNode('n9', 70))).toEqual([])
  })

  it('nodes of one name in two clusters do not push each other out', () => {
    const seats = createSeats([seat(1n, 'n1'), seat(2n, 'n1', { cluster: 'c2' })])
    expect(idsOf(seats.ofNode('n1', 20))).toEqual([1n, 2n])
  })
})

describe('which device an entry means', () => {
  const known = new Map([
    ['uuid:1', 1n],
    ['slot:c1/n1/0/0', 1n],
  ])
  const keys = { lookup: (key: string) => known.get(key) ?? null }
  const name = { key: '', node: '', index: null, bus: '', cluster: '' }
  const naming = () => createNaming(keys, createSeats([seat(1n, 'n1', { bus: '0' })]))

  it('by key, by slot in whichever cluster has the node, by place', () => {
    const own = naming()
    expect(own.meant({ key: 'uuid:1', node: '', index: null }, 20)).toEqual([1n])
    expect(own.meant({ key: 'slot:n1/0/0', node: '', index: null }, 20)).toEqual([1n])
    expect(own.meant({ key: '', node: 'n1', index: 0 }, 20)).toEqual([1n])
    expect(own.meant({ key: '', node: 'n1', index: 3 }, 20)).toEqual([])
    expect(own.listed({ ...name, node: 'n1', bus: '0' }, 20)).toBe(1n)
    expect(own.listed({ ...name, node: 'n1', bus: '0', cluster: 'c2' }, 20)).toBeNull()
    expect(own.aliases).toEqual([])
  })

  it('a key nobody knows names a device of its own for an inventory, and nobody for others', () => {
    const own = naming()
    const id = own.listed({ ...name, key: 'uuid:9', node: 'n1', index: 0 }, 20)
    expect(id).toBe(deviceId('uuid:9'))
    expect(own.listed({ ...name, key: 'uuid:9' }, 20)).toBe(id)
    expect(own.aliases).toEqual([{ key: 'uuid:9', deviceId: id, atMs: 0 }])
    expect(own.meant({ key: 'uuid:77', node: '', index: null }, 20)).toEqual([])
  })

  it('a slot in a cluster that is named needs no device there yet', () => {
    const own = naming()
    const id = own.listed({ ...name, key: 'slot:n7/0/0', cluster: 'c1' }, 20)
    expect(id).toBe(deviceId('slot:c1/n7/0/0'))
    expect(own.listed({ ...name, key: 'slot:n7/0/0' }, 20)).toBeNull()
  })
})
