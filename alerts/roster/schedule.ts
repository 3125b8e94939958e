import type { RosterOverride } from '#schemas/alerts/alert.ts'
import type { Roster } from '#schemas/alerts/roster-config.ts'
import { onCallAt, shiftAt } from './rotation.ts'

/** Somebody's time on call without a break. */
export interface ScheduledShift {
  readonly person: string
  readonly by: 'rotation' | 'override'
  readonly fromMs: number
  /** Null = without an end. */
  readonly toMs: number | null
}

const SHIFTS_MAX = 200

/** Who is on call over [fromMs, toMs), in order; times with nobody are left out. The first begins where its shift began. */
export function scheduleOf(
  roster: Roster,
  overrides: Iterable<RosterOverride>,
  range: { readonly fromMs: number; readonly toMs: number; readonly timeZone: string },
): ScheduledShift[] {
  const { fromMs, toMs, timeZone } = range
  const all = [...overrides]
  const shifts: ScheduledShift[] = []
  const begins = all.map(({ from_ms }) => from_ms).sort((a, b) => a - b)
  let atMs = fromMs
  while (atMs < toMs && shifts.length < SHIFTS_MAX) {
    const now = atMs
    const onCall = onCallAt(roster, all, { atMs: now, timeZone })
    // An override that begins within a shift ends it.
    const interrupt = begins.find((begin) => begin > now)
    const endMs = Math.min(onCall?.untilMs ?? Infinity, interrupt ?? Infinity)
    if (onCall !== null) {
      const { person, by } = onCall
      const last = shifts.at(-1)
      const begin = shifts.length === 0 ? beganMs(roster, all, { atMs: now, timeZone }) : now
      const end = Number.isFinite(endMs) ? endMs : null
      if (last?.person === person && last.by === by && last.toMs === now)
        shifts[shifts.length - 1] = { ...last, toMs: end }
      else shifts.push({ person, by, fromMs: begin, toMs: end })
    }
    if (!Number.isFinite(endMs)) break
    atMs = endMs
  }
  return shifts
}

/** When who is on call at a moment began, at the latest. */
function beganMs(
  roster: Roster,
  overrides: readonly RosterOverride[],
  { atMs, timeZone }: { readonly atMs: number; readonly timeZone: string },
): number {
  const edges = overrides
    .flatMap(({ from_ms, to_ms }) => [from_ms, to_ms])
    .filter((edge) => edge <= atMs)
  const rotated =
    roster.rotation === undefined ? [] : [shiftAt(roster.rotation, atMs, timeZone).fromMs]
  return Math.max(...edges, ...rotated)
}
