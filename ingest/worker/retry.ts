/** Waits `ms`; rejects with the signal's reason when it is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

export interface RetryOptions {
  readonly sleep: Sleep
  readonly signal: AbortSignal
  /** Called with every failure before the wait. */
  readonly onFailure: (error: unknown, attempt: number) => void
  /** Errors that no repetition can mend are thrown at once. */
  readonly isFinal?: (error: unknown) => boolean
}

const WAIT_MS = 100
const WAIT_MS_MAX = 10_000

/** Runs `attempt` until it succeeds, with growing pauses; ends early only by the signal or a final error. */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (options.isFinal?.(error) === true) throw error
      options.onFailure(error, failures + 1)
      // Only after a failure: work under way may finish while we are being stopped.
      options.signal.throwIfAborted()
    }
    await options.sleep(Math.min(WAIT_MS * 2 ** failures, WAIT_MS_MAX), options.signal)
  }
}
