import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { OPEN_MS } from '../settle/capacity.ts'
import { changedSpan, mergeSpans, spanOf } from './spans.ts'

it('an end before its start, or after the end of time, is none', () => {
  expect(spanOf(10, 5)).toEqual({ fromMs: 10, toMs: 10 })
  expect(spanOf(10, null)).toEqual({ fromMs: 10, toMs: OPEN_MS })
  expect(spanOf(8.64e15, 8.64e15)).toEqual({ fromMs: OPEN_MS, toMs: OPEN_MS })
})

it('what changes is the moved end, or all of both', () => {
  const span = (fromMs: number, toMs: number) => ({ fromMs, toMs })
  expect(changedSpan(null, span(1, 5), false)).toEqual(span(1, 5))
  expect(changedSpan(span(1, 9), span(1, 5), true)).toEqual(span(5, 9))
  expect(changedSpan(span(1, 9), span(1, 5), false)).toEqual(span(1, 9))
  expect(changedSpan(span(1, 5), span(1, 5), true)).toBeNull()
  expect(changedSpan(null, span(3, 3), false)).toBeNull()
})

it('merged spans are few, apart, in order, and cover what was given and no other ends', () => {
  const span = fc
    .tuple(fc.nat(1e9), fc.nat(1e7))
    .map(([fromMs, ms]) => ({ fromMs, toMs: fromMs + ms }))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 200 }), (spans) => {
      const merged = mergeSpans(spans)
      expect(merged.length).toBeLessThanOrEqual(64)
      for (const [index, one] of merged.entries())
        expect(one.fromMs).toBeGreaterThan(merged[index - 1]?.toMs ?? -1)
      for (const { fromMs, toMs } of spans)
        if (toMs > fromMs)
          expect(merged.some((one) => one.fromMs <= fromMs && toMs <= one.toMs)).toBe(true)
      expect(merged[0]?.fromMs).toBe(
        spans.filter((one) => one.toMs > one.fromMs).toSorted((a, b) => a.fromMs - b.fromMs)[0]
          ?.fromMs,
      )
    }),
  )
})
