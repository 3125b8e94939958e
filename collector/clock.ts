/** Time from outside, injected: tests turn it by hand. */
export interface TimeSource {
  /** The machine's wall clock, epoch ms; may jump. */
  readonly wallMs: () => number
  /** Never runs backwards; its zero means nothing, ms. */
  readonly monotonicMs: () => number
  /** Calls back once after a delay; returns a function that calls it off. */
  readonly setTimer: (delayMs: number, callback: () => void) => () => void
}

/** The process's own time. Its timers do not keep a stopping process alive. */
export const systemTime: TimeSource = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Wall and collector time may part by this much before the anchor is set anew (DEFINITIONS 1), ms. */
export const REANCHOR_BEYOND_MS = 30_000

/** What a re-anchor changed. */
export interface Reanchor {
  readonly atMs: number
  /** New minus old, ms: negative when time was set back. */
  readonly byMs: number
}

export interface CollectorClock {
  /** Epoch ms of the collector: monotonic, anchored to the wall once per boot. */
  readonly now: () => number
  /** Compares with the wall; sets the anchor anew when they parted by more than 30 s. */
  readonly check: () => Reanchor | null
}

/**
 * The clock that stamps samples. Wall time that jumps (a wrong NTP step, a suspended machine) does not move
 * samples: only a difference that stays beyond 30 s at a check does, once, and as an event.
 */
export function createClock(time: Pick<TimeSource, 'wallMs' | 'monotonicMs'>): CollectorClock {
  let offset = time.wallMs() - time.monotonicMs()
  const now = () => Math.floor(time.monotonicMs() + offset)
  return {
    now,
    check() {
      const byMs = Math.round(time.wallMs() - now())
      if (Math.abs(byMs) <= REANCHOR_BEYOND_MS) return null
      offset = time.wallMs() - time.monotonicMs()
      return { atMs: now(), byMs }
    },
  }
}
