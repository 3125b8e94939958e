import type { Logger } from '#schemas/role.ts'
import { type PublishDeps, publishRecord } from './publish.ts'
import type { SpoolRecord } from './spool/record.ts'
import type { Spool } from './spool/spool.ts'

/** Messages on their way at once: enough to hide a round trip, few enough to stay in order. */
const WINDOW = 16
/** Records read from the spool at once. */
const READ_AHEAD = 64
/** Waiting after a refusal: doubled each time, ms. */
const BACKOFF_MS = { first: 100, most: 10_000 } as const

export interface PumpDeps extends PublishDeps {
  readonly spool: Spool
  readonly logger: Logger
}

export interface Pump {
  /** Something may be there to publish. */
  wake(): void
  stats(): {
    readonly published: number
    /** Attempts the bus did not take. */
    readonly refused: number
    readonly inFlight: number
    /** True when everything in the spool was published at least once. */
    readonly isCaughtUp: boolean
  }
  /** Waits until everything is published, at most this long, and ends. */
  stop(waitMs: number): Promise<void>
}

interface PumpState {
  /** Next position to read. */
  position: number
  readonly ahead: SpoolRecord[]
  /** Sent and not taken, to be sent again before anything new. */
  refused: SpoolRecord[]
  inFlight: number
  backoffMs: number
  cancelBackoff: (() => void) | null
  isRunning: boolean
  /** Something may have come since the last look. */
  isWanted: boolean
  isStopping: boolean
  stopped: boolean
}

/** Publishes the spool from its first unreleased record on, in order, for ever. */
export function createPump(deps: PumpDeps): Pump {
  const { spool, time, logger } = deps
  const state: PumpState = {
    position: Math.max(spool.first(), spool.stats().releasedPosition + 1),
    ahead: [],
    refused: [],
    inFlight: 0,
    backoffMs: 0,
    cancelBackoff: null,
    isRunning: false,
    isWanted: false,
    isStopping: false,
    stopped: false,
  }
  const counts = { published: 0, refused: 0 }
  const idle = Promise.withResolvers<void>()

  const isCaughtUp = () =>
    state.position > spool.last() && state.ahead.length === 0 && state.refused.length === 0
  const pause = (error: unknown) => {
    if (state.cancelBackoff !== null || state.stopped) return
    if (state.backoffMs === 0)
      logger.warn('the bus does not take messages; they wait in the spool', {
        reason: error instanceof Error ? error.message : String(error),
      })
    const { first, most } = BACKOFF_MS
    state.backoffMs = Math.min(most, state.backoffMs === 0 ? first : state.backoffMs * 2)
    state.cancelBackoff = time.setTimer(state.backoffMs, () => {
      state.cancelBackoff = null
      wake()
    })
  }
  const send = async (record: SpoolRecord) => {
    state.inFlight++
    try {
      await publishRecord(deps, record)
      counts.published++
      if (state.backoffMs > 0) logger.info('the bus takes messages again')
      state.backoffMs = 0
    } catch (error) {
      counts.refused++
      state.refused.push(record)
      pause(error)
    }
    state.inFlight--
    wake()
  }
  const run = async () => {
    state.isRunning = true
    while (state.isWanted && !state.stopped) {
      state.isWanted = false
      try {
        while (!state.stopped && state.cancelBackoff === null && state.inFlight < WINDOW) {
          const record = await nextRecord(spool, state)
          if (record === null) break
          void send(record)
        }
      } catch (error) {
        pause(error)
      }
    }
    state.isRunning = false
    if (state.isStopping && isCaughtUp() && state.inFlight === 0) idle.resolve()
  }
  const wake = () => {
    state.isWanted = true
    if (!state.isRunning) void run()
  }
  return {
    wake,
    stats: () => ({ ...counts, inFlight: state.inFlight, isCaughtUp: isCaughtUp() }),
    async stop(waitMs) {
      state.isStopping = true
      const cancel = time.setTimer(waitMs, idle.resolve)
      wake()
      await idle.promise
      cancel()
      state.stopped = true
      state.cancelBackoff?.()
    },
  }
}

/** Refused records first, oldest first, then what is new in the spool; null when there is nothing. */
async function nextRecord(spool: Spool, state: PumpState): Promise<SpoolRecord | null> {
  if (state.refused.length > 0) {
    const { first, releasedPosition } = spool.stats()
    const gone = Math.max(first - 1, releasedPosition)
    state.refused = state.refused
      .filter((record) => record.position > gone)
      .sort((a, b) => a.position - b.position)
    const again = state.refused.shift()
    if (again !== undefined) return again
  }
  // What a full spool dropped is reported as lost: it must not arrive after all.
  const first = spool.first()
  while ((state.ahead[0]?.position ?? first) < first) state.ahead.shift()
  if (state.ahead.length === 0) {
    const last = spool.last()
    state.ahead.push(...(await spool.readFrom(state.position, READ_AHEAD)))
    // Positions jump between openings of the spool, and over what was lost.
    if (state.ahead.length === 0) state.position = Math.max(state.position, last + 1)
  }
  const record = state.ahead.shift() ?? null
  if (record !== null) state.position = record.position + 1
  return record
}
