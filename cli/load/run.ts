import type { TimeSource } from '../../collector/clock.ts'
import type { Signals } from '../run-roles.ts'
import type { LoadFleet } from './fleet.ts'
import type { LoadMoment, ProcessUse } from './report.ts'

export interface LoadRunDeps {
  readonly fleet: LoadFleet
  readonly durationMs: number
  readonly time: TimeSource
  readonly signals: Signals
  readonly use: () => ProcessUse
  /** Once a second, with the second before. */
  readonly onSecond: (now: LoadMoment, before: LoadMoment) => void
}

export interface LoadRun {
  readonly last: LoadMoment
  readonly peaks: { readonly spoolBytes: number; readonly rssBytes: number }
  /** How long samples were taken, from the start of the first collector, ms. */
  readonly loadedMs: number
  /** The signal that ended it early, or null. */
  readonly signal: string | null
}

const SECOND_MS = 1000
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Runs a load to its end, or to the first signal; a second signal ends the process at once. Either way the fleet is
 * stopped in order, which gives the bus a bounded time to take what the spools hold.
 */
export async function runLoad(deps: LoadRunDeps): Promise<LoadRun> {
  const { fleet, time, durationMs } = deps
  const ending = nextEnding(deps.signals)
  const beganMs = time.monotonicMs()
  const useBefore = deps.use()
  const peaks = { spoolBytes: 0, rssBytes: 0 }
  const look = (): LoadMoment => {
    const counts = fleet.counts()
    const use = deps.use()
    peaks.spoolBytes = Math.max(peaks.spoolBytes, counts.spooledBytes)
    peaks.rssBytes = Math.max(peaks.rssBytes, use.rssBytes)
    return {
      elapsedMs: time.monotonicMs() - beganMs,
      counts,
      use: { ...use, cpuMs: use.cpuMs - useBefore.cpuMs },
    }
  }
  try {
    await fleet.start()
    const stopLooking = everySecond(time, look, deps.onSecond)
    const cancel = time.setTimer(durationMs, () => ending.end(null))
    const signal = await ending.reason
    cancel()
    stopLooking()
    const loadedMs = time.monotonicMs() - beganMs
    await fleet.stop()
    return { last: look(), peaks, loadedMs, signal }
  } catch (error) {
    // What had started before something failed.
    await fleet.stop()
    throw error
  } finally {
    ending.close()
  }
}

function everySecond(
  time: TimeSource,
  look: () => LoadMoment,
  onSecond: LoadRunDeps['onSecond'],
): () => void {
  let before = look()
  let cancel = () => {}
  const plan = () => {
    cancel = time.setTimer(SECOND_MS, () => {
      const now = look()
      onSecond(now, before)
      before = now
      plan()
    })
  }
  plan()
  return () => cancel()
}

function nextEnding(signals: Signals) {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  let isSignalled = false
  const listeners = SIGNALS.map((signal) => {
    const hear = () => {
      // A second signal means "now": what is spooled stays on disk.
      if (isSignalled) process.exit(130)
      isSignalled = true
      resolve(signal)
    }
    signals.on(signal, hear)
    return { signal, hear }
  })
  return {
    reason: promise,
    end: resolve,
    close: () => {
      for (const { signal, hear } of listeners) signals.off(signal, hear)
    },
  }
}
