import type { Device, LiveFleet } from '#schemas/api.ts'
import { apiUrl } from '#lib/api.ts'
import { isStaleAt } from '#lib/freshness.ts'
import { keepStream, type StreamStatus } from '#lib/sse.ts'
import { epochMs } from '#lib/time.ts'

/** What the stream says of a watched device. */
export type LiveDevice = Pick<Device, 'device_id' | 'last_sample_at' | 'latest'>

/** The live stream: the last fleet message, the last message of one watched device, how it stands. */
class Live {
  fleet = $state.raw<LiveFleet | null>(null)
  device = $state.raw<LiveDevice | null>(null)
  status = $state<StreamStatus>('connecting')
  retryAtMs = $state<number | null>(null)
  receivedAtMs = $state<number | null>(null)
  /** The minute the fleet figure was told in, by the server's clock. */
  minuteMs = $derived(this.fleet === null ? null : Math.floor(this.fleet.at / 60_000) * 60_000)

  /** How far this machine's clock is ahead of the server's: the smallest difference ever seen. */
  #aheadMs = Number.POSITIVE_INFINITY
  #close: (() => void) | null = null
  #watched: string | null = null

  /** Opens the stream for the fleet and at most one device, unless that is the one that is open; returns how to close it. */
  watch(deviceId: string | null): () => void {
    if (this.#close !== null && this.#watched === deviceId) return this.#closing(this.#close)
    this.#close?.()
    this.device = null
    this.#watched = deviceId
    const stream = keepStream(
      apiUrl('live', { device: deviceId }),
      {
        events: {
          fleet: (text) => this.#heardFleet(text),
          device: (text) => {
            const device: LiveDevice = JSON.parse(text)
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
    return this.#closing(stream.close)
  }

  #closing(close: () => void): () => void {
    return () => {
      if (this.#close === close) this.#close = null
      close()
    }
  }

  #heardFleet(text: string): void {
    const fleet: LiveFleet = JSON.parse(text)
    this.fleet = fleet
    this.receivedAtMs = Date.now()
    this.#aheadMs = Math.min(this.#aheadMs, this.receivedAtMs - fleet.at)
  }

  /** Age of the newest sample anywhere in the fleet, ms, corrected for a wrong clock here. */
  sampleAgeMs(nowMs: number): number | null {
    const newest = epochMs(this.fleet?.newest_sample_at)
    return newest === null ? null : Math.max(0, nowMs - this.#aheadMs - newest)
  }

  isStale(nowMs: number): boolean {
    return isStaleAt({
      messageAgeMs: this.receivedAtMs === null ? null : nowMs - this.receivedAtMs,
      sampleAgeMs: this.sampleAgeMs(nowMs),
    })
  }
}

export const live = new Live()
