import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Logger } from '#schemas/role.ts'
import type { Ledger } from '../ingest/settle/ledger.ts'
import { createLocalDays, type LocalDay } from '../ingest/settle/local-day.ts'
import type { Work } from '../ingest/settle/plan.ts'
import type { Store } from '../ingest/store/store.ts'
import { settleChunks, type HistoryPlan, type TimeRange } from './history-plan.ts'

export interface ResettleOptions {
  readonly store: Pick<Store, 'query'>
  readonly ledger: Ledger
  readonly plan: HistoryPlan
  /** Devices of the fleet: many of them are settled in shorter pieces. Absent: an hour at a time. */
  readonly devices?: number
  /** IANA zone of the simulated site's days: the one that the settle role has. */
  readonly timeZone: string
  readonly log: Logger
  /** Pause between two statements as a multiple of the last one's time; default 2. */
  readonly pause?: number
}

export interface ResettleStatus {
  /** Share of the older hours that the settler has confirmed, 0..1; 1 when there are none. */
  readonly settledShare: number
  readonly isDone: boolean
  /** Minutes in which the settler came to another figure: always 0, or the demo has a defect. */
  readonly differentMinutes: number
}

export interface Resettle {
  start(): void
  /** Ends after the statement under way. */
  stop(): Promise<void>
  status(): ResettleStatus
}

const HOUR_MS = 3_600_000
const RETRY_MS = 5_000
const PAUSE = 2
const Difference = z.tuple([z.object({ different: z.coerce.number().int() })])

/**
 * Settles the older hours of the history by the product's own settler, newest first and slowly, so that
 * the screen stays quick: minutes as revision 2, then their hour, then the day if it was over. What the
 * history added up itself is compared with it.
 */
export function createResettle(options: ResettleOptions): Resettle {
  const { store, ledger, plan, log } = options
  const stopping = new AbortController()
  const total = (plan.settledFromMs - plan.fromMs) / HOUR_MS
  const counters = { hours: 0, differentMinutes: 0 }
  let running: Promise<void> = Promise.resolve()

  const settle = async (work: Work): Promise<number> => {
    const startMs = performance.now()
    const revision = await ledger.settle(work)
    await rest((performance.now() - startMs) * (options.pause ?? PAUSE), stopping.signal)
    return revision
  }
  const run = async (): Promise<void> => {
    const compare = await readFile(new URL('./compare-revisions.sql', import.meta.url), 'utf8')
    for (const { hours, day } of laterFirst(plan, options.timeZone)) {
      for (const range of hours) {
        if (stopping.signal.aborted) return
        await patiently(async () => {
          for (const chunk of settleChunks(range, options.devices ?? 1)) {
            const revision = await settle({ kind: 'minutes', ...chunk, reason: null })
            const params = { from_ms: chunk.fromMs, to_ms: chunk.toMs, revision }
            const [{ different }] = Difference.parse(await store.query(compare, params))
            if (different > 0)
              log.error('settled minutes differ from the simulated ones', { different })
            counters.differentMinutes += different
          }
          await settle({ kind: 'hours', ...range })
        })
        counters.hours++
      }
      if (stopping.signal.aborted) return
      if (day.endMs > plan.toMs) continue
      await patiently(() =>
        settle({ kind: 'day', fromMs: day.startMs, toMs: day.endMs, date: day.date }),
      )
    }
    log.info('all of the simulated history is settled', { hours: counters.hours })
  }
  const patiently = async (work: () => Promise<unknown>): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await work()
        return
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error)
        log.warn('settling the simulated history failed, trying again', { cause })
        await rest(RETRY_MS, stopping.signal)
      }
    }
  }

  return {
    start() {
      if (total > 0) running = run()
    },
    async stop() {
      stopping.abort()
      await running
    },
    status: () => ({
      settledShare: total === 0 ? 1 : counters.hours / total,
      isDone: counters.hours === total,
      differentMinutes: counters.differentMinutes,
    }),
  }
}

interface DayOfHours {
  readonly day: LocalDay
  readonly hours: readonly TimeRange[]
}

/** The hours to settle, newest first, by the local day that they complete. */
function laterFirst(plan: HistoryPlan, timeZone: string): DayOfHours[] {
  const dayOf = createLocalDays(timeZone)
  const days = new Map<number, { day: LocalDay; hours: TimeRange[] }>()
  for (let toMs = plan.settledFromMs; toMs > plan.fromMs; toMs -= HOUR_MS) {
    const fromMs = toMs - HOUR_MS
    // Where a day begins within an hour, the newer day needs that hour, and the older one comes later anyway.
    const day = dayOf(toMs - 1)
    const entry = days.get(day.startMs) ?? { day, hours: [] }
    entry.hours.push({ fromMs, toMs })
    days.set(day.startMs, entry)
  }
  return [...days.values()]
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined)
}
