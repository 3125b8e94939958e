import type { SessionInfo } from '#schemas/api.ts'
import * as api from '#lib/api.ts'
import { readStored, writeStored } from '#lib/state/persisted.ts'
import { knownZone } from '#lib/time.ts'

const KEY = 'plimsoll.signed-in'

/** Who looks, at which site. Loaded once before the first page and again after signing in or out. */
class Session {
  info = $state.raw<SessionInfo | null>(null)
  failure = $state.raw<api.ApiFailure | null>(null)
  /** Set when an answer said 401 after the session had been accepted. */
  #lapsed = $state(false)
  /** On loopback everybody has a name and nobody signed in: only who did can sign out. */
  #signedIn = $state(readStored(KEY) !== null)

  loginNeeded = $derived(this.#lapsed || (this.info?.login_needed ?? false))
  zone = $derived(knownZone(this.info?.site_timezone ?? 'UTC'))
  canSignOut = $derived(this.#signedIn && this.info?.name != null)
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
    this.#remember(true)
    await this.load()
  }

  async signOut(): Promise<void> {
    await api.signOut()
    this.#remember(false)
    await this.load()
  }

  #remember(signedIn: boolean): void {
    this.#signedIn = signedIn
    writeStored(KEY, signedIn ? 'yes' : null)
  }
}

export const session = new Session()
