import type { TimeSource } from '../../clock.ts'

/** The end that all of doctor's work keeps, and what is being waited for meanwhile. */
export interface Deadline {
  /** Time left, at most `capMs`, at least 1 ms. */
  remainingMs(capMs?: number): number
  isOver(): boolean
  /**
   * The promise's value, or `late` when it takes longer than `capMs` or the end comes first. What is late
   * goes on by itself; its failure is nobody's concern any more.
   */
  within<T>(label: string, promise: Promise<T>, late: T, capMs?: number): Promise<T>
  /** Resolves after this long, or at the end. */
  pause(label: string, ms: number): Promise<void>
  /** What is being waited for now. */
  readonly waitingFor: () => readonly string[]
}

export function createDeadline(time: TimeSource, totalMs: number): Deadline {
  const endMs = time.monotonicMs() + totalMs
  const labels = new Map<symbol, string>()
  const remainingMs = (capMs = Infinity) => Math.max(1, Math.min(capMs, endMs - time.monotonicMs()))
  const within = async <T>(label: string, promise: Promise<T>, late: T, capMs?: number) => {
    const id = Symbol(label)
    labels.set(id, label)
    const timeout = Promise.withResolvers<T>()
    const cancel = time.setTimer(remainingMs(capMs), () => timeout.resolve(late))
    promise.catch(() => undefined)
    try {
      return await Promise.race([promise, timeout.promise])
    } finally {
      cancel()
      labels.delete(id)
    }
  }
  return {
    remainingMs,
    isOver: () => time.monotonicMs() >= endMs,
    within,
    pause: (label, ms) => within(label, new Promise<void>(() => undefined), undefined, ms),
    waitingFor: () => [...new Set(labels.values())],
  }
}
