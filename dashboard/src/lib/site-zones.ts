import type { ZonesAnswer } from '#schemas/api-zones.ts'
import type { ZoneLevels } from '#schemas/alerts/zone-set.ts'
import { LEVELS, type Level } from './zones.ts'

/** The site's own load lines: which set is about a group, and what it says when. */

type ZoneSet = ZonesAnswer['sets'][number]

/** What lines are about: a field and its value; `fleet` has none. */
export interface Group {
  readonly scope: string
  readonly value: string
}
export const FLEET: Group = { scope: 'fleet', value: '' }

const LINES = ['ticket', 'watch', 'warn', 'danger'] as const

const levelsOf = (levels: ZoneLevels): readonly Level[] =>
  LINES.map((zone) => ({ zone, below: levels[zone] }))

const inForce = ({ levels }: Pick<ZoneSet, 'levels'>, atMs: number) =>
  levels.findLast(({ from_ms }) => from_ms <= atMs) ?? null

/** The set of a group: by name, else of each of its kind; of other tiers than busy there is none here. */
function setOf(answer: ZonesAnswer | null, scope: string, value: string): ZoneSet | undefined {
  const sets = (answer?.sets ?? []).filter((set) => set.tier === 'busy' && set.scope === scope)
  if (scope === 'fleet') return sets[0]
  return (
    sets.find((set) => set.value === value) ??
    (value === '' ? undefined : sets.find((set) => set.value === '*'))
  )
}

/** Lines of a group at a moment: its own, else the fleet's, else what stands where nobody entered any. */
export function levelsAt(
  answer: ZonesAnswer | null,
  { scope, value }: Group,
  atMs: number,
): readonly Level[] {
  for (const set of [setOf(answer, scope, value), setOf(answer, 'fleet', '')]) {
    const levels = set === undefined ? null : inForce(set, atMs)
    if (levels !== null) return levelsOf(levels)
  }
  return LEVELS
}

export interface LevelSteps extends Pick<Level, 'zone'> {
  /** From each moment on; the first may lie before the window. */
  readonly steps: readonly { readonly atMs: number; readonly below: number }[]
}

/** Lines of a group over a window, as levelsAt finds its set: a site that ramps up has steps. Before the first began there is none. */
export function stepsOf(
  answer: ZonesAnswer | null,
  { scope, value }: Group,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly LevelSteps[] {
  const set = setOf(answer, scope, value) ?? setOf(answer, 'fleet', '')
  if (set === undefined)
    return LEVELS.map(({ zone, below }) => ({ zone, steps: [{ atMs: 0, below }] }))
  const first = set.levels.findLastIndex(({ from_ms }) => from_ms <= fromMs)
  const dated = set.levels.slice(Math.max(0, first)).filter(({ from_ms }) => from_ms < toMs)
  return LINES.map((zone) => ({
    zone,
    steps: dated
      .map((levels) => ({ atMs: levels.from_ms, below: levels[zone] }))
      // A set may change its owner or one line only: what stays is no step.
      .filter(({ below }, at, all) => at === 0 || all[at - 1]?.below !== below),
  }))
}
