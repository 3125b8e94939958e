import type { IdleHeldAnswer } from '#schemas/api-ledger.ts'
import { MICRO_USD } from '#schemas/price-book.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { cursorOffset, nextCursor } from '../cursor.ts'
import { parseFilters } from '../filters.ts'
import { idleHeld } from '../queries/idle-held.ts'
import { HOUR_MS, iso } from '../window.ts'
import { bookOf, type LedgerDeps } from './cells.ts'

export const IDLE_HELD_LIMIT_MAX = 1_000
/** How far the beginning of a stretch can be looked for. */
export const IDLE_HELD_HOURS_MAX = 24

export interface IdleHeldQuestion {
  /** `field:op:value`; all of them hold. */
  readonly filters?: readonly string[]
  readonly hours: number
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * GET /api/v1/idle-held: devices that are idle in the newest settled minute although somebody holds them, the longest
 * first. Throws E_FILTER_INVALID, E_CURSOR_INVALID, E_JOURNAL_AWAY before the journal was ever read, and the reader's errors.
 */
export async function idleHeldAnswer(
  deps: LedgerDeps,
  { filters = [], hours, limit, cursor }: IdleHeldQuestion,
): Promise<IdleHeldAnswer> {
  const { params } = parseFilters(filters)
  const question = filters.length === 0 ? { hours } : { hours, filters }
  const offset = cursorOffset(question, cursor)
  const { settledUntilMs } = await deps.published()
  const frame = { definition: DEFINITION_SET, simulated: deps.simulated }
  if (settledUntilMs === null)
    return { ...frame, settled_until: null, devices: [], total: 0, next_cursor: null }
  const fromMs = settledUntilMs - hours * HOUR_MS
  const prices = bookOf(await deps.documents())
  const range = { from_s: fromMs / 1000, to_s: settledUntilMs / 1000 }
  const rows = await idleHeld.run(deps.reader, { ...params, ...range, limit, offset })
  const total = rows[0]?.total ?? 0
  return {
    ...frame,
    settled_until: iso(settledUntilMs),
    devices: rows.map((row) => {
      const price = prices.deviceHour(row, settledUntilMs)
      return {
        device_id: row.id,
        node: row.node,
        cluster: row.cluster,
        hall: row.hall,
        rack: row.rack,
        pool: row.pool,
        model: row.model,
        tenant: row.tenant,
        job: row.job,
        class: row.class,
        billing: row.billing,
        since: iso(row.since_ms),
        since_at_least: row.since_ms <= fromMs,
        hours: row.minutes / 60,
        is_reserve: row.class === 'serving',
        usd_per_hour: price === null ? null : Number(price.microUsd) / MICRO_USD,
        assumed: price?.isAssumed ?? false,
      }
    }),
    total,
    next_cursor: nextCursor(question, { offset, given: rows.length, total }),
  }
}
