import { describe, expect, it } from 'vitest'
import { createClock } from './clock.ts'

function machine() {
  const state = { wall: 1_000_000, monotonic: 500 }
  return {
    state,
    clock: createClock({ wallMs: () => state.wall, monotonicMs: () => state.monotonic }),
    pass: (ms: number) => {
      state.wall += ms
      state.monotonic += ms
    },
  }
}

describe('the collector clock', () => {
  it('does not follow a wall clock that jumps within 30 s, forwards or back', () => {
    const { state, clock, pass } = machine()
    state.wall += 29_000
    expect(clock.check()).toBeNull()
    state.wall -= 58_000
    expect(clock.check()).toBeNull()
    pass(1000)
    expect(clock.now()).toBe(1_001_000)
  })

  it.each([3_600_000, -3_600_000])('a jump of %i ms is one re-anchor, said once', (jump) => {
    const { state, clock, pass } = machine()
    state.wall += jump
    expect(clock.now()).toBe(1_000_000)
    expect(clock.check()).toEqual({ atMs: 1_000_000 + jump, byMs: jump })
    expect(clock.check()).toBeNull()
    pass(250)
    expect(clock.now()).toBe(1_000_250 + jump)
  })
})
