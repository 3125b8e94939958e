import { ApiFailure } from '#lib/api.ts'
import { session } from '#lib/state/session.svelte.ts'

/**
 * One answer of the API and how it stands: loading, there, failed. A newer request cancels the older; a
 * failed refresh keeps the old answer, so that a page can say "stale" instead of going blank.
 */
export class Resource<Answer> {
  value = $state.raw<Answer | null>(null)
  failure = $state.raw<ApiFailure | null>(null)
  loading = $state(false)
  /** Epoch ms of the answer held, by this machine's clock. */
  loadedAtMs = $state<number | null>(null)
  #running: AbortController | null = null

  async load(request: (signal: AbortSignal) => Promise<Answer>): Promise<void> {
    this.#running?.abort()
    const running = new AbortController()
    this.#running = running
    this.loading = true
    try {
      const answer = await request(running.signal)
      if (running.signal.aborted) return
      this.value = answer
      this.failure = null
      this.loadedAtMs = Date.now()
    } catch (cause) {
      if (running.signal.aborted) return
      this.failure =
        cause instanceof ApiFailure ? cause : new ApiFailure(0, 'E_INTERNAL', String(cause), null)
      if (this.failure.status === 401) session.expired()
    }
    this.loading = false
  }

  /** Cancels what is under way; the owner leaves the screen. */
  stop(): void {
    this.#running?.abort()
    this.#running = null
  }

  /** Forgets the answer: the next one is about something else. */
  clear(): void {
    this.stop()
    this.value = null
    this.failure = null
    this.loading = false
  }
}
