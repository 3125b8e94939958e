import { expect, it } from 'vitest'
import { marksAt, nextMark } from './marks.ts'

const marks = [
  { fromMs: 100, toMs: null, text: 'fault' },
  { fromMs: 200, toMs: 300, text: 'maintenance' },
  { fromMs: 250, toMs: null, text: 'note' },
]
const texts = (atMs: number) =>
  marksAt(marks, atMs, { reachMs: 10, limit: 2 }).map(({ text }) => text)

it('the cursor meets a moment nearby and a stretch anywhere in it, the nearest begin first', () => {
  expect(texts(105)).toEqual(['fault'])
  expect(texts(150)).toEqual([])
  expect(texts(255)).toEqual(['note', 'maintenance'])
  expect(texts(309)).toEqual(['maintenance'])
})

it('keys go from mark to mark and stay at the last', () => {
  const go = (atMs: number, forward: boolean) => nextMark(marks, atMs, { forward, reachMs: 5 })
  expect([go(0, true), go(100, true), go(248, true), go(250, true)]).toEqual([100, 200, null, null])
  expect([go(400, false), go(250, false), go(100, false)]).toEqual([250, 200, null])
})
