import { expect, it } from 'vitest'
import type { TreeMeter } from '#schemas/api-facility-tree.ts'
import { CHILDREN_MAX, rowsOf, treeOf, troubledOf } from './tree.ts'

function meter(name: string, given: Partial<TreeMeter> = {}): TreeMeter {
  return {
    meter: name,
    name: '',
    parent: '',
    role: 'it',
    level: 'rack',
    feed: '',
    hall: '',
    rack: '',
    loop: '',
    category: null,
    since: '2026-01-01T00:00:00.000Z',
    state: 'ok',
    values: {},
    last_at: null,
    age_seconds: null,
    points: 0,
    energy: null,
    children: null,
    ...given,
  }
}
const none: ReadonlySet<string> = new Set()
const names = (rows: ReturnType<typeof rowsOf>) =>
  rows.map((row) => (row.kind === 'meter' ? row.row.meter.meter : `+${row.row.left}`))

const SITE = [
  meter('room', { level: 'ambient' }),
  meter('util', { level: 'utility' }),
  meter('ups', { level: 'ups_input', parent: 'util' }),
  meter('rack-1', { parent: 'ups' }),
  meter('rack-2', { parent: 'ups', state: 'silent' }),
  meter('rack-3', { parent: 'ups', state: 'faulty' }),
  meter('chiller', { level: 'plant', parent: 'util', role: 'cooling' }),
]

it('from the grid inwards, and on every level what is wrong first', () => {
  const tree = treeOf(SITE)
  expect(tree.roots.map(({ meter: name }) => name)).toEqual(['util', 'room'])
  expect(names(rowsOf(tree, new Set(['util', 'ups']), none))).toEqual([
    'util',
    'ups',
    'rack-3',
    'rack-2',
    'rack-1',
    'chiller',
    'room',
  ])
  expect(troubledOf(SITE).map(({ meter: name }) => name)).toEqual(['rack-3', 'rack-2'])
})

it('a closed parent says how many below it are in trouble, on every level above', () => {
  const [util] = rowsOf(treeOf(SITE), none, none)
  expect(util?.kind === 'meter' ? util.row : null).toMatchObject({
    children: 2,
    troubled: 2,
    isOpen: false,
  })
})

it('a parent that is not listed makes a root', () => {
  expect(treeOf([meter('lost', { parent: 'gone' })]).roots).toHaveLength(1)
})

it('of many children the first are shown, the rest on demand', () => {
  const many = [
    meter('bus'),
    ...Array.from({ length: CHILDREN_MAX + 5 }, (_, at) => meter(`r${at}`, { parent: 'bus' })),
  ]
  const tree = treeOf(many)
  const open = new Set(['bus'])
  expect(names(rowsOf(tree, open, none)).at(-1)).toBe('+5')
  expect(rowsOf(tree, open, open)).toHaveLength(CHILDREN_MAX + 6)
})

it('meters in a circle are seen once each', () => {
  const circle = [meter('a', { parent: 'b' }), meter('b', { parent: 'a', state: 'silent' })]
  const tree = treeOf(circle)
  expect(names(rowsOf(tree, new Set(['a', 'b']), none))).toEqual(['a', 'b'])
  expect(troubledOf(circle)).toHaveLength(1)
})
