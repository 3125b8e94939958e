import type { SessionInfo } from '#schemas/api.ts'
import * as api from '#lib/api.ts'
import { knownZone } from '#lib/time.ts'

/** Who looks, at which site. Loaded once before the first page and again after signing in or out. */
class Session {
  info = $state.raw<SessionInfo | null>(null)
  failure = $state.raw<api.ApiFailure | null>(null)
  /** Set when an answer said 401 after the session had been accepted. */
  #lapsed = $state(false)

  loginNeeded = $derived(this.#lapsed || (this.info?.login_needed ?? false))
  zone = $derived(knownZone(this.info?.site_timezone ?? 'UTC'))
  simulated = $derived(this.info?.simulated ?? false)

  async load(): Promise<void> {
    try {
      this.info = await api.session(new AbortController().signal)
      this.failure = null
      this.#lapsed = false
    } catch (cause) {
      this.failure = cause instanceof api.ApiFailure ? cause : null
      if (this.failure?.status === 401) this.#lapsed = true
    }
  }

  expired(): void {
    this.#lapsed = true
  }

  async signIn(token: string): Promise<void> {
    await api.signIn(token)
    await this.load()
  }

  async signOut(): Promise<void> {
    await api.signOut()
    await this.load()
  }
}

export const session = new Session()
