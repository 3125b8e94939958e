import { DEFAULT_ZONE_SET, levelsAt } from '#schemas/alerts/zone-levels.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import type { ZonesAnswer } from '#schemas/api-zones.ts'
import type { Clock } from '#schemas/role.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { iso, parseTime } from './window.ts'

export interface ZonesDeps {
  readonly clock: Clock
  readonly simulated: boolean
  /** Sets that people entered; absent or empty = the default. */
  readonly zoneSets?: () => readonly ZoneSet[]
}

/** GET /api/v1/zones: the lines that charts draw, dated. Throws E_RANGE_INVALID for a time that is none. */
export function zonesAnswer(deps: ZonesDeps, at: string | undefined): ZonesAnswer {
  const atMs = at === undefined ? deps.clock() : parseTime(at)
  const entered = deps.zoneSets?.() ?? []
  const sets = entered.length === 0 ? [DEFAULT_ZONE_SET] : entered
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    at: iso(atMs),
    is_default: entered.length === 0,
    sets: sets.map((set) => {
      const { name, scope, value, tier, owner, levels } = set
      const dated = levels.toSorted((a, b) => a.from_ms - b.from_ms)
      return { name, scope, value, tier, owner, in_force: levelsAt(set, atMs), levels: dated }
    }),
  }
}
