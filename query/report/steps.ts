import type { FleetSteps, ReportWindow } from '#schemas/report/facts.ts'
import { type FleetDeps, fleetSeries } from '../fleet.ts'
import { DAY_MS, iso } from '../window.ts'

/** Steps of one read: a week of minutes at once would be one large answer of the store. */
const PIECE_MS = 2 * DAY_MS
/** Longer periods have no minutes: a report of a quarter has no heat map. */
export const STEPS_WINDOW_MS_MAX = 32 * DAY_MS

/** Utilization in steps that divide an hour, out of the function that draws charts. */
export async function fleetSteps(
  deps: FleetDeps,
  { fromMs, toMs }: ReportWindow,
  stepMs: number,
): Promise<FleetSteps> {
  const utilization: (number | null)[] = []
  const coverage: (number | null)[] = []
  const beginMs = Math.floor(fromMs / stepMs) * stepMs
  if (toMs - fromMs > STEPS_WINDOW_MS_MAX) return { fromMs, stepMs, utilization, coverage }
  for (let at = beginMs; at < toMs; at += PIECE_MS) {
    const endMs = Math.min(at + PIECE_MS, toMs)
    const { groups } = await fleetSeries(deps, {
      from: iso(Math.max(at, fromMs)),
      to: iso(endMs),
      metric: 'utilization',
      points: Math.ceil((endMs - at) / stepMs),
      filters: [],
    })
    utilization.push(...(groups[0]?.values ?? []))
    coverage.push(...(groups[0]?.coverage ?? []))
  }
  return { fromMs: beginMs, stepMs, utilization, coverage }
}
