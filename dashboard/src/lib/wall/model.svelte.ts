import {
  applyWall,
  emptyWall,
  type WallColumn,
  type WallHead,
  type WallMessage,
} from '#schemas/wall.ts'
import { ApiFailure } from '#lib/api.ts'
import { session } from '#lib/state/session.svelte.ts'
import { wallIds, wallLayout, wallValues } from './calls.ts'
import { placesOf, type WallPlaces } from './places.ts'
import { aheadOf, KEPT_MINUTES, type Reach } from './rewind.ts'

const POLL_MS = 2_000
/** After this without an answer what is drawn is not the present. */
const STALE_MS = 15_000
const RETRY_MS_MAX = 30_000

/**
 * The wall's places and values: live, or of one settled minute. Values are plain bytes beside the runes: `version` moves when they
 * change, whatever draws them reads them then.
 */
export class Wall {
  places = $state.raw<WallPlaces | null>(null)
  head = $state.raw<WallHead | null>(null)
  failure = $state.raw<ApiFailure | null>(null)
  version = $state(0)
  /** Epoch ms of the last answer, by this machine's clock. */
  heardAtMs = $state<number | null>(null)
  /** A minute is on its way. */
  isLoading = $state(false)
  ids = $state.raw<BigUint64Array | null>(null)

  columns: Record<WallColumn, Uint8Array> = emptyWall(0)
  #minutes = new Map<number, Promise<WallMessage>>()
  #since: number | null = null
  #running: AbortController | null = null
  #timer: number | null = null
  #failures = 0

  /** What can be looked back at; null = nothing is settled. */
  reach: Reach | null = $derived.by(() => {
    const from = this.places?.layout.settled_from ?? null
    const lastMs = this.head?.settledAtMs ?? 0
    return from === null || lastMs === 0 ? null : { firstMs: Date.parse(from), lastMs }
  })

  isStale(nowMs: number): boolean {
    return this.failure !== null && nowMs - (this.heardAtMs ?? 0) > STALE_MS
  }

  /** Shows the present and follows it, or shows one settled minute. Replaces what was shown before. */
  show(atMs: number | null): void {
    this.stop()
    const running = new AbortController()
    this.#running = running
    if (atMs === null) void this.#follow(running)
    else void this.#look(running, atMs)
  }

  stop(): void {
    this.#running?.abort()
    if (this.#timer !== null) window.clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Ids of devices, once somebody needs them; null = they could not be had. */
  async loadIds(): Promise<BigUint64Array | null> {
    if (this.ids !== null) return this.ids
    try {
      const { ids, layoutStamp } = await wallIds(new AbortController().signal)
      if (layoutStamp === this.places?.layout.stamp) this.ids = ids
    } catch (cause) {
      this.#failed(cause)
    }
    return this.ids
  }

  async #follow(running: AbortController): Promise<void> {
    try {
      // A page in the background draws nothing and asks nothing.
      if (!document.hidden || this.head === null) {
        const message = await this.#fitting(running.signal, () =>
          wallValues({ since: this.#since }, running.signal),
        )
        this.#take(message)
      }
      this.#failures = 0
    } catch (cause) {
      if (running.signal.aborted) return
      this.#failed(cause)
      // What came may not fit what is here: everything is asked anew.
      this.#since = null
      this.#failures += 1
    }
    if (running.signal.aborted) return
    const wait = Math.min(RETRY_MS_MAX, POLL_MS * 2 ** this.#failures)
    this.#timer = window.setTimeout(() => void this.#follow(running), wait)
  }

  async #look(running: AbortController, atMs: number): Promise<void> {
    this.isLoading = true
    try {
      this.#take(await this.#fitting(running.signal, () => this.#minute(atMs)))
      this.#since = null
      if (this.reach !== null)
        for (const next of aheadOf(this.reach, atMs)) void this.#minute(next).catch(() => undefined)
    } catch (cause) {
      if (running.signal.aborted) return
      this.#failed(cause)
    }
    if (!running.signal.aborted) this.isLoading = false
  }

  /** Values of the layout that is here; of a newer one after loading that. */
  async #fitting(signal: AbortSignal, request: () => Promise<WallMessage>): Promise<WallMessage> {
    if (this.places === null) await this.#loadLayout(signal)
    const first = await request()
    signal.throwIfAborted()
    if (first.layoutStamp === this.places?.layout.stamp) return first
    await this.#loadLayout(signal)
    const second = await request()
    signal.throwIfAborted()
    return second
  }

  async #loadLayout(signal: AbortSignal): Promise<void> {
    const layout = await wallLayout(signal)
    signal.throwIfAborted()
    if (layout.stamp === this.places?.layout.stamp) return
    this.columns = emptyWall(layout.devices)
    this.#minutes.clear()
    this.#since = null
    this.ids = null
    this.places = placesOf(layout)
  }

  #take(message: WallMessage): void {
    const changed = applyWall(this.columns, message)
    const { source, layoutStamp, stamp, atMs, elsewhere, settledAtMs } = message
    this.head = { source, layoutStamp, stamp, atMs, elsewhere, settledAtMs }
    this.#since = source === 'live' ? stamp : null
    this.failure = null
    this.heardAtMs = Date.now()
    if (changed === null || changed.length > 0) this.version += 1
  }

  #minute(atMs: number): Promise<WallMessage> {
    const known = this.#minutes.get(atMs)
    if (known !== undefined) return known
    const asked = wallValues({ at: atMs }, new AbortController().signal)
    this.#minutes.set(atMs, asked)
    const [oldest] = this.#minutes.keys()
    if (this.#minutes.size > KEPT_MINUTES && oldest !== undefined) this.#minutes.delete(oldest)
    asked.catch(() => this.#minutes.delete(atMs))
    return asked
  }

  #failed(cause: unknown): void {
    this.failure =
      cause instanceof ApiFailure ? cause : new ApiFailure(0, 'E_INTERNAL', String(cause), null)
    if (this.failure.status === 401) session.expired()
  }
}
