import { refuseBusy } from './refusal.ts'

/** A bounded number of tasks at once and a bounded queue behind them, first in first out. */
export interface Lane {
  /** Runs a task when a place is free; rejects at once with TOO_MANY_SIMULTANEOUS_QUERIES when full. */
  run<T>(task: () => Promise<T>): Promise<T>
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>
  counts(): { readonly running: number; readonly waiting: number; readonly refused: number }
}

export interface LaneLimits {
  readonly width: number
  readonly waitingMax: number
}

export function createLane(limits: LaneLimits): Lane {
  let running = 0
  let refused = 0
  const waiting: (() => void)[] = []
  let onIdle: (() => void)[] = []

  const leave = () => {
    running -= 1
    const next = waiting.shift()
    if (next !== undefined) {
      running += 1
      next()
    } else if (running === 0) {
      const callbacks = onIdle
      onIdle = []
      for (const callback of callbacks) callback()
    }
  }
  const enter = async () => {
    if (running < limits.width) {
      running += 1
      return
    }
    if (waiting.length >= limits.waitingMax) {
      refused += 1
      throw refuseBusy('Too many simultaneous queries')
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return {
    async run(task) {
      await enter()
      try {
        return await task()
      } finally {
        leave()
      }
    },
    async idle() {
      if (running === 0) return
      await new Promise<void>((resolve) => onIdle.push(resolve))
    },
    counts: () => ({ running, waiting: waiting.length, refused }),
  }
}
