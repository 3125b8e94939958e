import type { FacilityLoop } from '#schemas/api-facility-tree.ts'
import type { LoopRow, MeterRow } from '#schemas/facility.ts'
import { fits } from '#schemas/owner-match.ts'
import { noFilters } from '../filters.ts'
import { memo } from '../memo.ts'
import { loopRacks, type LoopRackRow } from '../queries/facility-loops.ts'
import { thermalGroups } from '../queries/thermal.ts'
import { devicesOf } from '../thermal-groups.ts'
import { MINUTE_MS } from '../window.ts'
import type { FacilityDeps } from './deps.ts'

const JOBS_MAX = 100
/** Settled minutes that margins are looked for in. */
const MARGIN_MINUTES = 3
const PLACES_TTL_MS = 10_000
/** Slower rises are noise of sensors, K/min. */
const RISING_FROM = 0.1

/** Whether a rack hangs on a loop. */
export const isOnLoop = (
  { hall, racks }: Pick<LoopRow, 'hall' | 'racks'>,
  place: { readonly hall: string; readonly rack: string },
): boolean =>
  place.rack !== '' &&
  (hall === '' || hall === place.hall) &&
  racks.some((pattern) => fits(pattern, place.rack))

/** A rack as the ledger goes by it, with the least margin of its devices. */
export interface RackPlace {
  readonly hall: string
  readonly rack: string
  readonly devices: number
  readonly nodes: number
  readonly jobs: readonly string[]
  readonly marginKelvin: number | null
}

/** Racks with devices now; read once for all who ask within ten seconds. */
export function createRackPlaces(deps: FacilityDeps): () => Promise<readonly RackPlace[]> {
  return memo(deps.clock, PLACES_TTL_MS, async () => {
    const [rows, margins] = await Promise.all([
      loopRacks.run(deps.reader, { now_ms: deps.clock() }),
      readMargins(deps),
    ])
    return rows.map((row: LoopRackRow) => ({
      hall: row.in_hall,
      rack: row.in_rack,
      devices: row.devices,
      nodes: row.nodes,
      jobs: row.jobs,
      marginKelvin: margins.get(placeKey(row.in_hall, row.in_rack)) ?? null,
    }))
  })
}

const placeKey = (hall: string, rack: string) => JSON.stringify([hall, rack])

async function readMargins(deps: FacilityDeps): Promise<ReadonlyMap<string, number>> {
  const { settledUntilMs } = await deps.published()
  if (settledUntilMs === null) return new Map()
  const rows = await thermalGroups.run(deps.reader, {
    ...noFilters().params,
    from_s: (settledUntilMs - MARGIN_MINUTES * MINUTE_MS) / 1000,
    to_s: settledUntilMs / 1000,
  })
  const least = new Map<string, number>()
  for (const { place, margin } of devicesOf(rows, deps.models)) {
    const key = placeKey(place.hall, place.rack)
    if (margin !== null) least.set(key, Math.min(margin, least.get(key) ?? margin))
  }
  return least
}

/** What hangs on a loop, and how long until its hottest device slows down at this rise. */
export function onLoop(
  loop: LoopRow,
  places: readonly RackPlace[],
  riseKelvinPerMinute: number | null,
): FacilityLoop['on_it'] {
  const own = places.filter((place) => isOnLoop(loop, place))
  const jobs = [...new Set(own.flatMap((place) => place.jobs))].sort()
  const margins = own.flatMap(({ marginKelvin }) => (marginKelvin === null ? [] : [marginKelvin]))
  const margin = margins.length === 0 ? null : Math.min(...margins)
  const isRising = riseKelvinPerMinute !== null && riseKelvinPerMinute >= RISING_FROM
  return {
    racks: [...new Set(own.map(({ rack }) => rack))].sort(),
    devices: own.reduce((sum, { devices }) => sum + devices, 0),
    nodes: own.reduce((sum, { nodes }) => sum + nodes, 0),
    jobs: jobs.slice(0, JOBS_MAX),
    jobs_total: jobs.length,
    margin_kelvin_min: margin,
    minutes_to_slowdown:
      margin === null || !isRising ? null : Math.max(0, margin) / riseKelvinPerMinute,
  }
}

/** Counted IT meters of the racks on a loop. */
export const itMetersOf = (
  loop: LoopRow,
  meters: readonly MeterRow[],
  itLevel: string | null,
): readonly string[] =>
  meters
    .filter((row) => row.role === 'it' && row.level === itLevel && isOnLoop(loop, row))
    .map(({ meter }) => meter)
