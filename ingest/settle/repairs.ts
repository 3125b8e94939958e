import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'
import type { RestateReason, SettlePlan } from './plan.ts'
import type { Spans } from './spans.ts'
import { DIFFERENCES_MAX, MinuteDifference, type Repair, type RepairQueue } from './repair.ts'

export interface RepairsDeps {
  readonly queue: RepairQueue
  readonly store: Pick<Store, 'query'>
  /** What a minute is made of beside samples is resolved as of now. */
  readonly spans: Pick<Spans, 'setFor'>
  readonly plan: Pick<SettlePlan, 'begin' | 'touch' | 'isDirty' | 'horizonMs' | 'settledUntilMs'>
  readonly clock: Clock
  readonly log: Logger
}

export interface Repairs {
  /**
   * One piece of a repair: takes up the next request, compares `chunkMinutes` of it, or ends it. False when
   * there was nothing to do now. Call it when the plan has nothing due: what differs goes to the plan, so
   * fresh minutes come first and a repair is done when the plan has done its work.
   */
  step(chunkMinutes: number): Promise<boolean>
}

const MINUTE_MS = 60_000
/** How often the queue is asked. */
const POLL_MS = 3_000
/** A comparison that fails this often in a row ends its repair… */
const FAILURES_MAX = 3
/** …and each failure makes the pieces of this repair that much smaller: it may have been too large. */
const SHRINK = 4
const LIMITS = { maxExecutionMs: 40_000 }

/** Settles windows again that a person asked for, one after another, through the plan of the settler. */
export async function createRepairs(deps: RepairsDeps): Promise<Repairs> {
  const { queue, store, plan, clock, log } = deps
  const sql = await readFile(new URL('./differences.sql', import.meta.url), 'utf8')
  let current: Repair | null = null
  /** Minutes of this repair that the plan has still to settle. */
  let waiting: number[] = []
  let failures = 0
  let shrunk = 1
  let polledMs = -Infinity
  let isQueueAway = false

  const save = async (repair: Repair, change: Partial<Repair>) => {
    const next = { ...repair, ...change, version: repair.version + 1 }
    await queue.write(next)
    return next
  }
  const take = async (): Promise<boolean> => {
    if (clock() - polledMs < POLL_MS) return false
    polledMs = clock()
    let found: Repair | null
    try {
      found = await queue.next()
      isQueueAway = false
    } catch (error) {
      // Settling goes on without it: the table may not have been made yet.
      if (!isQueueAway) log.warn('cannot look for repairs', { cause: String(error) })
      isQueueAway = true
      return false
    }
    if (found === null) return false
    const begin_ms = Math.max(floorTo(found.from_ms), plan.horizonMs(clock()))
    const end_ms = Math.max(begin_ms, Math.min(ceilTo(found.to_ms), plan.settledUntilMs ?? 0))
    // From the beginning, also when an earlier process had begun: what it settled does not differ.
    const fresh = { checked_until_ms: begin_ms, minutes_changed: 0, differences: [] }
    current = await save(found, { state: 'running', begin_ms, end_ms, ...fresh })
    waiting = []
    failures = 0
    shrunk = 1
    log.info('a repair begins', { id: found.id, minutes: (end_ms - begin_ms) / MINUTE_MS })
    return true
  }
  const compare = async (repair: Repair, fromMs: number, toMs: number) => {
    const set_id = await deps.spans.setFor({ fromMs, toMs, isFresh: false })
    const rows = await store.query(sql, { from_ms: fromMs, to_ms: toMs, set_id }, LIMITS)
    const found = z.array(MinuteDifference).parse(rows)
    if (!repair.dry_run) {
      const reason: RestateReason = repair.reason === '' ? 'repair' : `repair: ${repair.reason}`
      for (const { minute_ms } of found) {
        // Capacity may have been corrected to begin earlier than this process knew.
        plan.begin(minute_ms)
        plan.touch(minute_ms, minute_ms + MINUTE_MS, reason, clock())
        waiting.push(minute_ms)
      }
    }
    return save(repair, {
      checked_until_ms: toMs,
      minutes_changed: repair.minutes_changed + found.length,
      differences: [...repair.differences, ...found].slice(0, DIFFERENCES_MAX),
    })
  }
  const advance = async (repair: Repair, chunkMinutes: number): Promise<boolean> => {
    const checkedMs = repair.checked_until_ms ?? 0
    const endMs = repair.end_ms ?? 0
    if (checkedMs < endMs) {
      const toMs = Math.min(endMs, checkedMs + chunkMinutes * MINUTE_MS)
      current = await compare(repair, checkedMs, toMs)
      return true
    }
    waiting = waiting.filter((minuteMs) => plan.isDirty(minuteMs))
    if (waiting.length > 0) return false
    await save(repair, { state: 'done' })
    log.info('a repair is done', { id: repair.id, changed: repair.minutes_changed })
    current = null
    polledMs = -Infinity
    return true
  }

  return {
    async step(chunkMinutes) {
      if (current === null) return take()
      try {
        const isBusy = await advance(current, Math.max(1, Math.floor(chunkMinutes / shrunk)))
        failures = 0
        return isBusy
      } catch (error) {
        failures += 1
        shrunk *= SHRINK
        if (failures < FAILURES_MAX || current === null) throw error
        const detail = error instanceof Error ? error.message : String(error)
        log.error('a repair failed', { id: current.id, cause: detail })
        await save(current, { state: 'failed', detail: detail.slice(0, 1_000) })
        current = null
        return true
      }
    },
  }
}

const floorTo = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS
const ceilTo = (ms: number) => Math.ceil(ms / MINUTE_MS) * MINUTE_MS
