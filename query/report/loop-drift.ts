import { facilityAt } from '#schemas/facility.ts'
import type { LoopDrift, LoopMeans, ReportWindow } from '#schemas/report/facts.ts'
import { type FacilityDeps, readHeard } from '../facility/deps.ts'
import { pointsByThing, pointsOfUnit, sidePoint } from '../facility/loop-units.ts'
import { loopDrift, type LoopDriftRow } from '../queries/facility-loops.ts'
import { DAY_MS, HOUR_MS } from '../window.ts'

/** What a unit is compared with: fouling takes weeks. */
const BEFORE_MS = 28 * DAY_MS
/** A mean of less than a day says nothing of drift. */
const HOURS_MIN = 24
const WINDOW_MS_MAX = 35 * DAY_MS

/**
 * Cooling units of the period's loops: approach and temperature difference beside those of the four weeks before, the
 * most risen approach first. Null where nobody entered loops, or the period is too long. Rejects with E_JOURNAL_AWAY and
 * the reader's errors.
 */
export async function loopDrifts(
  deps: FacilityDeps,
  window: ReportWindow,
): Promise<readonly LoopDrift[] | null> {
  const { facility } = await deps.documents()
  const { loops } = facilityAt(facility, window.toMs - 1)
  if (loops.length === 0 || window.toMs - window.fromMs > WINDOW_MS_MAX) return null
  const sides = await sidesOf(
    deps,
    loops.flatMap(({ units }) => units),
    window,
  )
  const points = sides.flatMap(({ unit, primary, secondary }) =>
    [...new Set([primary, secondary])].flatMap((point) => (point === null ? [] : { unit, point })),
  )
  const rows =
    points.length === 0
      ? []
      : await loopDrift.run(deps.reader, {
          from_s: Math.floor((window.fromMs - BEFORE_MS) / 1000),
          split_s: Math.floor(window.fromMs / 1000),
          to_s: Math.floor(window.toMs / 1000),
          points: points.map(({ point }) => point),
          units: points.map(({ unit }) => unit),
          primaries: sides.flatMap(({ primary }) => primary ?? []),
          secondaries: sides.flatMap(({ secondary }) => secondary ?? []),
        })
  const meansOf = (unit: string, isNow: boolean) =>
    means(rows.find((row) => row.unit === unit && (row.is_now === 1) === isNow))
  return loops
    .flatMap(({ loop, name, hall, units }) =>
      units.map((unit) => ({
        loop: name || loop,
        hall,
        unit,
        now: meansOf(unit, true),
        before: meansOf(unit, false),
      })),
    )
    .toSorted((a, b) => driftOf(b) - driftOf(a) || (a.unit < b.unit ? -1 : 1))
}

/** By how much the approach rose, K; those of which it is not known come last. */
const driftOf = ({ now, before }: LoopDrift): number =>
  now.approach_kelvin === null || before.approach_kelvin === null
    ? -Infinity
    : now.approach_kelvin - before.approach_kelvin

/** Points of both sides of units, as the page of loops finds them, by who spoke at the period's two ends and within it. */
async function sidesOf(
  deps: FacilityDeps,
  units: readonly string[],
  { fromMs, toMs }: ReportWindow,
) {
  const moments = [toMs, (fromMs + toMs) / 2, Math.min(toMs, fromMs + HOUR_MS)]
  const heard = []
  for (const atMs of moments) heard.push(...(await readHeard(deps, Math.floor(atMs))).heard)
  const points = pointsByThing(new Map(heard))
  return [...new Set(units)].map((unit) => {
    const own = pointsOfUnit(unit, { points })
    return {
      unit,
      primary: sidePoint(unit, 'primary', own),
      secondary: sidePoint(unit, 'secondary', own),
    }
  })
}

function means(row: LoopDriftRow | undefined): LoopMeans {
  const isApproach = row !== undefined && row.approach_hours >= HOURS_MIN
  const isDelta = row !== undefined && row.delta_hours >= HOURS_MIN
  return {
    hours: row?.approach_hours ?? 0,
    approach_kelvin: isApproach ? row.approach : null,
    delta_kelvin: isDelta ? row.delta : null,
    carried: isDelta ? row.carried : null,
  }
}
