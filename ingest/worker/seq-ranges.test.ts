import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeqRanges } from './seq-ranges.ts'

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 }))
  .map(([from, length]) => ({ from, to: from + length }))

describe('ranges of sequences', () => {
  it('answer like a set of numbers, whatever the order in which ranges come', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), range, (added, asked) => {
        const ranges = createSeqRanges()
        const model = new Set<number>()
        for (const { from, to } of added) {
          ranges.add(from, to)
          for (let seq = from; seq <= to; seq += 1) model.add(seq)
        }
        for (let seq = 1; seq <= 70; seq += 1) expect(ranges.has(seq)).toBe(model.has(seq))
        const holes = ranges.missing(asked.from, asked.to).flatMap(({ from, to }) => span(from, to))
        expect(holes).toEqual(span(asked.from, asked.to).filter((seq) => !model.has(seq)))
        let contiguous = 0
        while (model.has(contiguous + 1)) contiguous += 1
        expect(ranges.contiguous()).toBe(contiguous)
        expect(ranges.last()).toBe(Math.max(0, ...model))
      }),
    )
  })

  it('merge where they touch, so that a run without holes is one range', () => {
    const ranges = createSeqRanges()
    for (const seq of [3, 1, 2, 5, 4]) ranges.add(seq, seq)
    expect(ranges.ranges).toEqual([{ from: 1, to: 5 }])
  })
})

const span = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)
