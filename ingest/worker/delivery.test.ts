import { describe, expect, it } from 'vitest'
import { createDeliveryState, HOLE_AGE_MS } from './delivery.ts'

const sender = { cluster: 'c', collector: 'k', boot: 'b' }
const range = (from: number, to: number) => ({ from, to })

describe('what is stored of a boot', () => {
  it('tells the highest sequence that nothing before it is missing, when it rises', () => {
    const state = createDeliveryState()
    state.markStored(sender, range(1, 3))
    expect(state.marksToTell(0)).toEqual([{ sender, seq: 3 }])
    state.markStored(sender, range(5, 6))
    expect(state.marksToTell(0)).toEqual([])
    state.markStored(sender, range(4, 4))
    expect(state.marksToTell(0)).toEqual([{ sender, seq: 6 }])
  })

  it('tells it again to who sent something old, and now and then to all who are alive', () => {
    const state = createDeliveryState()
    state.markStored(sender, range(1, 3))
    state.heard(sender, 100_000)
    expect(state.marksToTell(100_000)).toHaveLength(1)
    expect(state.marksToTell(105_000)).toHaveLength(0)
    expect(state.marksToTell(111_000)).toHaveLength(1)
    expect(state.marksToTell(10_000_000)).toHaveLength(0)
  })

  it('asks for a hole that is older than five seconds, ever more rarely, until it closes', () => {
    const state = createDeliveryState()
    state.markStored(sender, range(1, 2))
    state.markStored(sender, range(5, 5))
    expect(state.holesToAskFor(0)).toEqual([])
    expect(state.holesToAskFor(HOLE_AGE_MS)).toEqual([{ sender, from: 3, to: 4 }])
    const asked = Array.from({ length: 3_600 }, (_, second) =>
      state.holesToAskFor(HOLE_AGE_MS + second * 1000),
    ).filter((holes) => holes.length > 0)
    expect(asked.length).toBeGreaterThan(4)
    expect(asked.length).toBeLessThan(14)
    state.markStored(sender, range(3, 4))
    expect(state.holesToAskFor(10_000_000)).toEqual([])
  })

  it('passes over what was given up, and still takes it when it does come', () => {
    const state = createDeliveryState()
    state.markLost(sender, range(1, 4))
    state.markStored(sender, range(5, 5))
    expect(state.marksToTell(0)).toEqual([{ sender, seq: 5 }])
    expect(state.isStored(sender, 2)).toBe(false)
    expect(state.missing(sender, range(1, 6))).toEqual([range(1, 4), range(6, 6)])
  })
})
