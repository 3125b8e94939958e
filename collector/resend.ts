import type { GapRecord } from '#schemas/records.ts'
import type { Logger } from '#schemas/role.ts'
import type { ResendRequest } from '#schemas/subjects.ts'
import { type PublishDeps, publishRecord } from './publish.ts'
import type { SpoolRecord } from './spool/record.ts'
import type { Spool } from './spool/spool.ts'

/** Ranges asked for again that wait their turn, and messages sent for one of them. */
const RESENDS_WAITING = 64
const RESEND_MESSAGES = 100_000
const READ_AHEAD = 64
/** Losses remembered so that each is reported once. */
const REPORTED = 1000

/** A range that is gone, as the collector reports it upstream. */
export type LostRange = Omit<GapRecord, 'kind' | 'at_ms'>

export interface ResendDeps extends PublishDeps {
  readonly spool: Spool
  readonly logger: Logger
  readonly onLost: (range: LostRange) => void
}

export interface Resends {
  add(request: ResendRequest): void
  stop(): void
  /** Messages sent again. */
  count(): number
}

/** Sends ranges that ingest misses, one after the other; what is no longer here is reported as lost once. */
export function createResends(deps: ResendDeps): Resends {
  const { spool, identity, logger, onLost } = deps
  const waiting = new Map<string, ResendRequest>()
  const reported = new Set<string>()
  let isRunning = false
  let stopped = false
  let count = 0

  const lost = (boot: string, fromSeq: number, toSeq: number) => {
    const name = `${boot} ${fromSeq} ${toSeq}`
    if (toSeq < fromSeq || reported.has(name)) return
    if (reported.size >= REPORTED) reported.clear()
    reported.add(name)
    const span = { from_ms: 0, to_ms: Math.floor(deps.time.wallMs()) }
    onLost({ boot, from_seq: fromSeq, to_seq: toSeq, ...span, reason: 'expired' })
  }
  /** Sends what is here of a range; returns the first sequence after the last one found. */
  const sendHeld = async ({ boot, fromSeq, toSeq }: ResendRequest): Promise<number> => {
    let expected = fromSeq
    for await (const record of recordsOf(spool, boot, fromSeq)) {
      if (record.seq > toSeq || stopped) {
        if (!stopped) lost(boot, expected, toSeq)
        return toSeq + 1
      }
      lost(boot, expected, record.seq - 1)
      await publishRecord(deps, record)
      count++
      expected = record.seq + 1
    }
    return expected
  }
  const run = async () => {
    if (isRunning) return
    isRunning = true
    for (const [name, request] of waiting) {
      waiting.delete(name)
      try {
        const expected = await sendHeld(request)
        // Of this run nothing beyond the last append is lost: it has not been sent yet.
        if (request.boot !== identity.boot) lost(request.boot, expected, request.toSeq)
      } catch (error) {
        // Ingest asks again as long as it misses something.
        logger.warn('a range could not be sent again', { reason: String(error) })
      }
    }
    isRunning = false
  }
  return {
    add(request) {
      const { boot, fromSeq, toSeq } = request
      const isSane = fromSeq >= 1 && toSeq >= fromSeq && toSeq - fromSeq < RESEND_MESSAGES
      if (!isSane || stopped || waiting.size >= RESENDS_WAITING) return
      waiting.set(`${boot} ${fromSeq} ${toSeq}`, request)
      void run()
    },
    stop() {
      stopped = true
    },
    count: () => count,
  }
}

/** Records of one boot from a sequence on, in order. */
async function* recordsOf(
  spool: Spool,
  boot: string,
  fromSeq: number,
): AsyncGenerator<SpoolRecord> {
  let position = spool.positionOf(boot, fromSeq)
  while (position !== null) {
    const records = await spool.readFrom(position, READ_AHEAD)
    for (const record of records) {
      if (record.boot !== boot) return
      if (record.seq >= fromSeq) yield record
    }
    const last = records.at(-1)
    position = last === undefined ? null : last.position + 1
  }
}
