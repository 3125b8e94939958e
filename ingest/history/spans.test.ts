import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changedSpans, createLevelRuns, joinSpans, type Span } from './spans.ts'

const span = fc
  .tuple(fc.nat(50), fc.nat(10))
  .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }))
const spans = fc.array(span, { maxLength: 12 })
const held = (list: readonly Span[]) =>
  new Set(
    list.flatMap(({ fromMs, toMs }) => Array.from({ length: toMs - fromMs }, (_, i) => fromMs + i)),
  )

describe('spans', () => {
  it('joined hold the same moments, and none touches the next', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const joined = joinSpans(list)
        expect(held(joined)).toEqual(held(list))
        for (const [at, { toMs }] of joined.entries())
          expect(joined[at + 1]?.fromMs ?? Infinity).toBeGreaterThan(toMs)
      }),
    )
  })

  it('what is stored, overwritten by its beginning, holds old and new moments once; again changes nothing', () => {
    fc.assert(
      fc.property(spans, spans, (old, added) => {
        const table = new Map<number, number>()
        const write = (list: readonly Span[]) => {
          for (const { fromMs, toMs } of list) table.set(fromMs, toMs)
        }
        const read = () => [...table].map(([fromMs, toMs]) => ({ fromMs, toMs }))
        write(joinSpans(old))
        write(changedSpans(read(), added))
        const after = read()
        expect(held(after)).toEqual(held([...old, ...added]))
        expect(after.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)).toBe(
          held(after).size,
        )
        expect(changedSpans(after, added)).toEqual([])
      }),
    )
  })

  it('a level gives each slot below it its time, the lowest first', () => {
    const found: (Span & { slot: number })[] = []
    const runs = createLevelRuns((slot, one) => found.push({ slot, ...one }))
    runs.set(0, 3)
    runs.set(60, 1)
    runs.set(120, 2)
    runs.set(180, 0)
    expect(found).toEqual([
      { slot: 2, fromMs: 0, toMs: 60 },
      { slot: 1, fromMs: 0, toMs: 60 },
      { slot: 1, fromMs: 120, toMs: 180 },
      { slot: 0, fromMs: 0, toMs: 180 },
    ])
  })
})
