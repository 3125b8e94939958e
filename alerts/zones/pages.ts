import type { AlertFacts, ScopeSlices, TimeRange } from '#schemas/alerts/ports.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { SLICE_MS } from './slices.ts'

/** Rows of slices that one question to the store may bring. */
const ROWS_AT_ONCE = 60_000
/** A slice has a row for each busy source of its devices. */
const ROWS_A_SLICE = 3

/**
 * Slices of all scopes of a set, some scopes at a time, the largest first: whoever has enough may stop. Rejects as the
 * store does.
 */
export async function* zonePages(
  facts: Pick<AlertFacts, 'zoneScopes' | 'zoneSlices'>,
  set: ZoneSet,
  range: TimeRange,
): AsyncGenerator<readonly ScopeSlices[], void, undefined> {
  const values = await facts.zoneScopes(set, range)
  const slices = Math.ceil((range.toMs - range.fromMs) / SLICE_MS) + 1
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / (slices * ROWS_A_SLICE)))
  for (let at = 0; at < values.length; at += atOnce)
    yield await facts.zoneSlices(set, range, values.slice(at, at + atOnce))
}
