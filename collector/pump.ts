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
  isRunning: boolean
  /** Something may have come since the last look. */
  isWanted: boolean
  isStopping: boolean
  stopped: boolean
}

/** Publishes the spool from its first unreleased record on, in order, for ever. */
export function createPump(deps: PumpDeps): Pump {
  const { spool, time } = deps
  const state: PumpState = {
    position: Math.max(spool.first(), spool.stats().releasedPosition + 1),
    ahead: [],
    refused: [],
    inFlight: 0,
    isRunning: false,
    isWanted: false,
    isStopping: false,
    stopped: false,
  }
  const counts = { published: 0, refused: 0 }
  const idle = Promise.withResolvers<void>()

  const isCaughtUp = () =>
    state.position > spool.last() && state.ahead.length === 0 && state.refused.length === 0
  const backoff = createBackoff(deps, () => wake())
  const send = async (record: SpoolRecord) => {
    state.inFlight++
    try {
      await publishRecord(deps, record)
      counts.published++
      backoff.reset()
    } catch (error) {
      counts.refused++
      state.refused.push(record)
      backoff.pause(error)
    }
    state.inFlight--
    wake()
  }
  const run = async () => {
    state.isRunning = true
    while (state.isWanted && !state.stopped) {
      state.isWanted = false
      try {
        while (!state.stopped && !backoff.isWaiting() && state.inFlight < WINDOW) {
          const record = await nextRecord(spool, state)
          if (record === null) break
          void send(record)
        }
      } catch (error) {
        backoff.pause(error)
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
      backoff.stop()
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

/** Waits between attempts, longer each time, and says once that it began and once that it is over. */
function createBackoff({ time, logger }: Pick<PumpDeps, 'time' | 'logger'>, onOver: () => void) {
  let delayMs = 0
  let cancel: (() => void) | null = null
  let stopped = false
  return {
    isWaiting: () => cancel !== null,
    pause(error: unknown) {
      if (cancel !== null || stopped) return
      if (delayMs === 0)
        logger.warn('the bus does not take messages; they wait in the spool', {
          reason: error instanceof Error ? error.message : String(error),
        })
      delayMs = delayMs === 0 ? BACKOFF_MS.first : Math.min(BACKOFF_MS.most, delayMs * 2)
      cancel = time.setTimer(delayMs, () => {
        cancel = null
        onOver()
      })
    },
    reset() {
      if (delayMs > 0) logger.info('the bus takes messages again')
      delayMs = 0
    },
    stop() {
      stopped = true
      cancel?.()
    },
  }
}
