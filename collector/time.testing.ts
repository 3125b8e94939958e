import type { TimeSource } from './clock.ts'

/** Time that a test turns by hand. Timers fire in order, with time to settle promises between them. */
export interface HandTime extends TimeSource {
  /** Lets both clocks run and fires what is due. */
  pass(ms: number): Promise<void>
  /** Moves the wall clock alone, as a wrong time server does. */
  jumpWall(ms: number): void
  readonly pending: () => number
}

export function handTime(wallMs = 1_800_000_000_000): HandTime {
  const state = { wall: wallMs, monotonic: 5000, next: 1 }
  const timers = new Map<number, { atMs: number; callback: () => void }>()
  const earliest = (untilMs: number) =>
    [...timers]
      .filter(([, timer]) => timer.atMs <= untilMs)
      .sort((a, b) => a[1].atMs - b[1].atMs || a[0] - b[0])[0]
  const advance = (toMs: number) => {
    const byMs = Math.max(0, toMs - state.monotonic)
    state.wall += byMs
    state.monotonic += byMs
  }
  return {
    wallMs: () => state.wall,
    monotonicMs: () => state.monotonic,
    setTimer(delayMs, callback) {
      const id = state.next++
      timers.set(id, { atMs: state.monotonic + Math.max(0, delayMs), callback })
      return () => timers.delete(id)
    },
    async pass(ms) {
      const untilMs = state.monotonic + ms
      await settle()
      for (let due = earliest(untilMs); due !== undefined; due = earliest(untilMs)) {
        timers.delete(due[0])
        advance(due[1].atMs)
        due[1].callback()
        await settle()
      }
      advance(untilMs)
    },
    jumpWall(ms) {
      state.wall += ms
    },
    pending: () => timers.size,
  }
}

/** Runs every promise callback that is ready, and those they make ready. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
