import type { FacilityResolution, PueAnswer } from '#schemas/api-facility.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { facilityPue } from '../queries/facility-energy.ts'
import { iso, isoOrNull } from '../window.ts'
import { comparableLoad } from './comparable.ts'
import type { FacilityDeps } from './deps.ts'
import { facilityWindow, periodsOf, rangeOf, secondsOf } from './periods.ts'
import { joinRows, pueFigures } from './pue-figures.ts'
import { siteAt } from './tariff.ts'

export interface PueQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly resolution: FacilityResolution
  /** `site` or `hall:<name>`. */
  readonly scope: string
}

/**
 * GET /api/v1/pue: energy into the scope by energy into its IT equipment, as a ratio of sums. Throws E_RANGE_INVALID,
 * E_FILTER_INVALID for a scope that nothing is known of, E_QUERY_TOO_LARGE for too many periods, E_JOURNAL_AWAY before
 * the journal was ever read, and the reader's errors.
 */
export async function pueAnswer(deps: FacilityDeps, asked: PueQuestion): Promise<PueAnswer> {
  const { scope, resolution } = asked
  const [settled, documents] = await Promise.all([deps.settledScopes(), deps.documents()])
  const window = facilityWindow(asked, settled.settledUntilMs, deps.clock())
  const book = documents.facility
  const halls = book.meters.map(({ hall }) => hall).filter((hall) => hall !== '')
  const scopes = [...new Set(['site', ...settled.scopes, ...halls.map((hall) => `hall:${hall}`)])]
  if (!scopes.includes(scope))
    throw new PlimsollError(
      'E_FILTER_INVALID',
      `no meter is of ${JSON.stringify(scope)}; scopes: ${scopes.slice(0, 20).join(', ')}`,
    )
  const periods = periodsOf(window, resolution, deps.timeZone)
  const rows = await facilityPue.run(deps.reader, {
    scope,
    ...rangeOf(window),
    starts: secondsOf(periods),
  })
  const byPeriod = new Map(rows.map((row) => [row.period_s * 1000, row]))
  const given = { scope, timeZone: deps.timeZone }
  const all = joinRows(rows)
  return {
    definition: DEFINITION_SET,
    from: iso(window.fromMs),
    to: iso(window.toMs),
    resolution,
    settled_until: isoOrNull(settled.settledUntilMs),
    simulated: deps.simulated,
    scope,
    scopes,
    window: pueFigures(all, window, given),
    periods:
      resolution === 'all'
        ? []
        : periods.map((period) => pueFigures(byPeriod.get(period.fromMs), period, given)),
    comparable: await comparableLoad(deps, { scope, window, sums: all, documents }),
    design_pue: siteAt(book, window.toMs)?.design_pue ?? null,
  }
}
