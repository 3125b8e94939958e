import type { Device, LiveFleet } from '#schemas/api.ts'
import { apiUrl } from '#lib/api.ts'
import { keepStream, type StreamStatus } from '#lib/sse.ts'

/** Silence after which the figures on screen are called stale: several missed live messages. */
const STALE_AFTER_MS = 20_000

/** The live stream: the last fleet message, the last message of one watched device, how it stands. */
class Live {
  fleet = $state.raw<LiveFleet | null>(null)
  device = $state.raw<Device | null>(null)
  status = $state<StreamStatus>('connecting')
  retryAtMs = $state<number | null>(null)
  receivedAtMs = $state<number | null>(null)
  /** The closed minute the fleet figure speaks for; changes once a minute, so that charts refresh then. */
  minuteMs = $derived(this.fleet === null ? null : Math.floor(this.fleet.at / 60_000) * 60_000)

  #close: (() => void) | null = null

  /** (Re)opens the stream, for the fleet and at most one device; returns how to close it. */
  watch(deviceId: string | null): () => void {
    this.#close?.()
    this.device = null
    const stream = keepStream(
      apiUrl('live', { device: deviceId }),
      {
        events: {
          fleet: (text) => {
            const fleet: LiveFleet = JSON.parse(text)
            this.fleet = fleet
            this.receivedAtMs = Date.now()
          },
          device: (text) => {
            const device: Device = JSON.parse(text)
            this.device = device
          },
        },
        onStatus: (status, retryAtMs) => {
          this.status = status
          this.retryAtMs = retryAtMs
        },
      },
      {
        open: (url) => new EventSource(url),
        now: Date.now,
        random: Math.random,
        setTimer: (run, ms) => window.setTimeout(run, ms),
        clearTimer: (timer) => {
          if (typeof timer === 'number') window.clearTimeout(timer)
        },
      },
    )
    this.#close = stream.close
    return () => {
      if (this.#close === stream.close) this.#close = null
      stream.close()
    }
  }

  /** How old the newest message is, ms, or null when there was none; and whether that is too old. */
  ageMs(nowMs: number): number | null {
    return this.receivedAtMs === null ? null : Math.max(0, nowMs - this.receivedAtMs)
  }

  isStale(nowMs: number): boolean {
    const age = this.ageMs(nowMs)
    return age !== null && age > STALE_AFTER_MS
  }
}

export const live = new Live()
