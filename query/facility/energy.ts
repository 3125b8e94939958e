import type {
  EnergyAnswer,
  EnergyGroup,
  EnergyGrouping,
  EnergyPeriod,
  FacilityResolution,
} from '#schemas/api-facility.ts'
import type { FacilityBook } from '#schemas/facility.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { bookOf } from '../ledger/cells.ts'
import { iso, isoOrNull, type TimeWindow } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import { itGap } from './energy-gap.ts'
import { byMeters } from './energy-meters.ts'
import { byScopes } from './energy-scopes.ts'
import { facilityWindow, periodsOf } from './periods.ts'
import { kwhOf, shareOf } from './pue-figures.ts'
import { sitePower } from './site-power.ts'
import { type DatedEnergy, siteAt, type Tariff, tariffOf } from './tariff.ts'

/** Numbers of one answer at most. */
const VALUES_MAX = 50_000

export interface EnergyQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly resolution: FacilityResolution
  /** Absent = the whole site. */
  readonly groupBy?: EnergyGrouping | undefined
}

/** What is known of one group in one period, piece of time and slot of the day. */
export interface EnergyPart extends DatedEnergy {
  readonly group: string
  readonly periodMs: number
  readonly knownMs: bigint
  readonly estimatedMs: bigint
}

/** Groups of energy as they were read. */
export interface EnergyParts {
  readonly parts: readonly EnergyPart[]
  /** Groups in their order, with their keys. */
  readonly groups: readonly { readonly id: string; readonly key: Record<string, string> }[]
  /** Time that would be known if all meters spoke, ms; null = of the whole window. */
  expectedMs(group: string, period: TimeWindow | null): bigint
}

/** What parts are read for. */
export interface EnergyScope {
  readonly window: TimeWindow
  readonly periods: readonly TimeWindow[]
  readonly tariff: Tariff
  readonly book: FacilityBook
}

/**
 * GET /api/v1/energy: known energy of the site's meters, what it cost and gave off, IT beside its devices, and the power
 * the site asked for. Throws E_RANGE_INVALID, E_QUERY_TOO_LARGE, E_JOURNAL_AWAY before the journal was ever read, and
 * the reader's errors.
 */
export async function energyAnswer(
  deps: FacilityDeps,
  asked: EnergyQuestion,
): Promise<EnergyAnswer> {
  const [settled, documents] = await Promise.all([deps.settledScopes(), deps.documents()])
  const window = facilityWindow(asked, settled.settledUntilMs, deps.clock())
  const { facility: book } = documents
  const { groupBy } = asked
  const isOfMeters = groupBy === 'level' || groupBy === 'meter'
  const changes = isOfMeters
    ? book.meters.flatMap(({ from_ms, to_ms }) => [from_ms, ...(to_ms === null ? [] : [to_ms])])
    : []
  const tariff = tariffOf(window, { prices: bookOf(documents), book, more: changes })
  const periods = periodsOf(window, asked.resolution, deps.timeZone)
  const scope = { window, periods, tariff, book }
  const [read, it, power] = await Promise.all([
    isOfMeters ? byMeters(deps, scope, groupBy) : byScopes(deps, scope, groupBy),
    itGap(deps, window),
    sitePower(deps, window, { book, tariff }),
  ])
  if (read.groups.length * periods.length > VALUES_MAX)
    throw new PlimsollError(
      'E_QUERY_TOO_LARGE',
      `${read.groups.length} groups of ${periods.length} periods; ask for longer periods or other groups`,
    )
  return {
    definition: DEFINITION_SET,
    from: iso(window.fromMs),
    to: iso(window.toMs),
    resolution: asked.resolution,
    settled_until: isoOrNull(settled.settledUntilMs),
    simulated: deps.simulated,
    groups: groupsOf(read, scope, asked.resolution),
    grid_factors: gridFactors(book, tariff),
    it,
    power,
  }
}

function groupsOf(
  read: EnergyParts,
  { periods, tariff }: EnergyScope,
  resolution: FacilityResolution,
): EnergyGroup[] {
  const byGroup = Map.groupBy(read.parts, ({ group }) => group)
  return read.groups.map(({ id, key }) => {
    const parts = byGroup.get(id) ?? []
    const byPeriod = Map.groupBy(parts, ({ periodMs }) => periodMs)
    const { assumed, ...figures } = figuresOf(parts, read.expectedMs(id, null), tariff)
    return {
      key,
      ...figures,
      assumed,
      periods:
        resolution === 'all'
          ? []
          : periods.map((period): EnergyPeriod => {
              const of = byPeriod.get(period.fromMs) ?? []
              const { assumed: _, ...own } = figuresOf(of, read.expectedMs(id, period), tariff)
              return { from: iso(period.fromMs), to: iso(period.toMs), ...own }
            }),
    }
  })
}

function figuresOf(parts: readonly EnergyPart[], expectedMs: bigint, tariff: Tariff) {
  const sum = (of: (part: EnergyPart) => bigint) =>
    parts.reduce((total, part) => total + of(part), 0n)
  const known = sum(({ knownMs }) => knownMs)
  const isKnown = known > 0n
  const { usd, assumed, co2eKg } = tariff.bill(parts)
  return {
    kwh: isKnown ? kwhOf(sum(({ mj }) => mj)) : null,
    coverage: shareOf(known, expectedMs),
    estimated_share: shareOf(
      sum(({ estimatedMs }) => estimatedMs),
      known,
    ),
    usd: isKnown ? usd : null,
    co2e_kg: isKnown ? co2eKg : null,
    assumed,
  }
}

/** Factors in force in the window, by the pieces it is cut into. */
function gridFactors(book: FacilityBook, tariff: Tariff): EnergyAnswer['grid_factors'] {
  const factors: EnergyAnswer['grid_factors'] = []
  for (const ms of tariff.pieces) {
    const site = siteAt(book, ms)
    if (site === null || site.grid_kg_co2e_per_kwh === null) continue
    const factor = { kg_co2e_per_kwh: site.grid_kg_co2e_per_kwh, source: site.grid_factor_source }
    const last = factors.at(-1)
    if (last?.kg_co2e_per_kwh === factor.kg_co2e_per_kwh && last.source === factor.source) continue
    factors.push({ from: iso(site.from_ms), ...factor })
  }
  return factors
}
