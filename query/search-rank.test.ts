import { expect, test } from 'vitest'
import { byRank, matchRank, nodeAndIndex } from './search-rank.ts'

test('what is meant exactly stands before what begins so, a word of it, and what only has it inside', () => {
  expect(
    ['h1-r01', 'h1-r01-n1', 'eh1-h1-r01', 'xh1-r012', 'west'].map((name) =>
      matchRank(name, 'H1-R01'),
    ),
  ).toEqual([0, 1, 2, 3, 4])
})

test('of equally good ones nodes come before devices, the shorter name first, numbers as numbers', () => {
  const found = [
    { kind: 'rack', rank: 1, name: 'n1' },
    { kind: 'node', rank: 1, name: 'n10' },
    { kind: 'node', rank: 1, name: 'n02' },
    { kind: 'node', rank: 1, name: 'n2' },
    { kind: 'job', rank: 0, name: 'n' },
  ] as const
  expect([...found].sort(byRank).map(({ name }) => name)).toEqual(['n', 'n2', 'n02', 'n10', 'n1'])
})

test('a node with an index means one device of it', () => {
  expect(nodeAndIndex('h1-r01-n03 5')).toEqual({ node: 'h1-r01-n03', index: 5 })
  expect(nodeAndIndex('h1-r01-n03/gpu7')).toEqual({ node: 'h1-r01-n03', index: 7 })
  expect(nodeAndIndex('h1-r01-n03')).toBeNull()
})
