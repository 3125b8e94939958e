import { describe, expect, it } from 'vitest'
import { bucketsOf, extremesOf, heldFromEdges, nullRuns, reachOf, where } from './series.ts'

describe('buckets', () => {
  it('a mean is drawn in the middle of its time and told with both ends', () => {
    const buckets = bucketsOf({ t0: 1000, step_ms: 100, values: [1, null] })
    expect(buckets.times).toEqual([1050, 1150])
    expect([buckets.startMs(1), buckets.endMs(1)]).toEqual([1100, 1200])
  })
})

describe('steps', () => {
  it('reach from the first edge to the last, so that no half bucket looks unknown', () => {
    const buckets = bucketsOf({ t0: 0, step_ms: 10, values: [1, 2] })
    expect(heldFromEdges(buckets, [1, 2])).toEqual({ times: [0, 10, 20], column: [1, 2, 2] })
    expect(heldFromEdges(bucketsOf({ t0: 0, step_ms: 10, values: [] }), [])).toEqual({
      times: [],
      column: [],
    })
  })
})

describe('reach of the cursor', () => {
  it('ends at the times inside the range', () => {
    expect(reachOf([30, 90, 150], 0, 180)).toEqual({ first: 0, last: 2 })
    expect(reachOf([30, 90, 150], 31, 149)).toEqual({ first: 1, last: 1 })
    expect(reachOf([30, 90, 150], 30, 150)).toEqual({ first: 0, last: 2 })
  })

  it('is nowhere when no time is inside', () => {
    expect(reachOf([], 0, 10)).toBeNull()
    expect(reachOf([30, 90], 40, 80)).toBeNull()
  })
})

describe('extremes', () => {
  it('skip what is missing: it is not a low of zero', () => {
    expect(extremesOf([null, 3, 1, null])).toEqual({
      last: { value: 1, index: 2 },
      min: { value: 1, index: 2 },
      max: { value: 3, index: 1 },
    })
    expect(extremesOf([null, null])).toBeNull()
  })
})

describe('missing stretches', () => {
  it('are found at both ends and in the middle', () => {
    expect(nullRuns([null, 1, null, null, 2, null])).toEqual([
      [0, 0],
      [2, 3],
      [5, 5],
    ])
    expect(nullRuns([1, 2])).toEqual([])
    expect(nullRuns([])).toEqual([])
  })

  it('bounds of nothing known are not drawn', () => {
    expect(where([0.1, 0.2], [null, 0.15])).toEqual([null, 0.2])
  })
})
