import { DEFAULT_ZONE_LEVELS } from '#schemas/zones.ts'
import { ZoneSet } from './zone-set.ts'
import type { ZoneLevels } from './zone-set.ts'

/** Lines of a zone set from the mildest to the worst. */
export const ZONE_LINES = ['ticket', 'watch', 'warn', 'danger'] as const
export type ZoneLine = (typeof ZONE_LINES)[number]

/** What a site that entered no zone set is watched by: the busy fleet, default levels since ever. */
export const DEFAULT_ZONE_SET: ZoneSet = ZoneSet.parse({
  name: 'fleet',
  scope: 'fleet',
  levels: [{ from_ms: 0, ...DEFAULT_ZONE_LEVELS }],
})

/** The levels in force at a moment, epoch ms; null before the first began. Of two of one moment the later entry counts. */
export function levelsAt(set: Pick<ZoneSet, 'levels'>, atMs: number): ZoneLevels | null {
  let found: ZoneLevels | null = null
  for (const levels of set.levels) {
    if (levels.from_ms <= atMs && levels.from_ms >= (found?.from_ms ?? 0)) found = levels
  }
  return found
}
