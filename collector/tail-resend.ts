import type { Logger } from '#schemas/role.ts'
import { type PublishDeps, publishRecord } from './publish.ts'
import type { Spool } from './spool/spool.ts'

/** How often the oldest record that is not known to be stored is looked at, ms. */
const LOOK_MS = 5000
/** It is sent again when it has been the oldest for so long; then ever more rarely, ms. */
const STUCK_MS = { first: 20_000, most: 600_000 } as const
const MESSAGES = 64

export interface TailResendDeps extends PublishDeps {
  readonly spool: Spool
  readonly logger: Logger
  /** Everything in the spool was published at least once. */
  readonly isCaughtUp: () => boolean
}

export interface TailResend {
  stop(): void
  /** Messages sent again. */
  count(): number
}

interface Oldest {
  readonly position: number
  readonly sinceMs: number
  readonly waitMs: number
}

/**
 * Sends the end of an earlier run again while it is not stored. What the log acknowledged and then lost is a hole that
 * ingest asks for, as soon as a later message of the same run arrives; after the last message of a run none does.
 */
export function createTailResend(deps: TailResendDeps): TailResend {
  const { spool, identity, publisher, time, logger } = deps
  let oldest: Oldest = { position: -1, sinceMs: 0, waitMs: STUCK_MS.first }
  let count = 0
  let stopped = false
  let cancel = () => {}

  const look = async () => {
    const { first, releasedPosition } = spool.stats()
    const [record] = await spool.readFrom(Math.max(first, releasedPosition + 1), 1)
    if (record === undefined || record.boot === identity.boot) return
    const { boot, position, seq } = record
    const nowMs = time.monotonicMs()
    if (position !== oldest.position) oldest = { position, sinceMs: nowMs, waitMs: STUCK_MS.first }
    const isDue = nowMs - oldest.sinceMs >= oldest.waitMs
    if (!isDue || !deps.isCaughtUp() || !publisher.connected()) return
    oldest = { position, sinceMs: nowMs, waitMs: Math.min(STUCK_MS.most, oldest.waitMs * 2) }
    logger.info('the end of an earlier run is not stored yet, sending it again', {
      boot,
      from: seq,
    })
    for (const message of await spool.readFrom(position, MESSAGES)) {
      if (stopped || message.boot !== boot) return
      await publishRecord(deps, message)
      count++
    }
  }
  const plan = () => {
    if (stopped) return
    cancel = time.setTimer(LOOK_MS, () => {
      void look()
        // It is looked at again.
        .catch(() => undefined)
        .finally(plan)
    })
  }
  plan()
  return {
    stop() {
      stopped = true
      cancel()
    },
    count: () => count,
  }
}
