import type { TimeSource } from '../../collector/clock.ts'

/** Work between two looks at sockets and files, ms. */
const TURN_MS = 20

/** The parts of the process that taking turns needs. */
export interface Turns {
  /** Calls back after sockets and files had their turn. */
  readonly next: (callback: () => void) => void
  readonly nowMs: () => number
}

const processTurns: Turns = { next: setImmediate, nowMs: () => performance.now() }

/**
 * Time whose timers share the process with its sockets and files. Node runs timers that are due until none is left;
 * of a load that is more than the process can do, some always are, and the bus and the disk would never answer. Here
 * what is late waits, is counted as missed by the collector's own schedule, and everything else goes on.
 */
export function fairTime(time: TimeSource, turns: Turns = processTurns): TimeSource {
  const due = new Set<() => void>()
  let isPlanned = false
  const turn = () => {
    isPlanned = false
    const untilMs = turns.nowMs() + TURN_MS
    for (const callback of due) {
      due.delete(callback)
      callback()
      if (turns.nowMs() >= untilMs) break
    }
    plan()
  }
  const plan = () => {
    if (isPlanned || due.size === 0) return
    isPlanned = true
    turns.next(turn)
  }
  return {
    ...time,
    setTimer(delayMs, callback) {
      const run = () => callback()
      const cancel = time.setTimer(delayMs, () => {
        due.add(run)
        plan()
      })
      return () => {
        cancel()
        due.delete(run)
      }
    },
  }
}
