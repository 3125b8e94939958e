import type { PlannedOutage, PlannedWindow } from '#schemas/alerts/planned.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { parseFilters } from '../filters.ts'
import type { FleetDeps } from '../fleet.ts'
import { alertPlaceDevices, alertPlans } from '../queries/alert-plans.ts'
import { DAY_MS } from '../window.ts'
import { filtersOf } from './label-filters.ts'

/** Plans of a scope at most, those of the most devices first. */
const PLANS_MAX = 100
/** `to_at` of an interval without an end is 2100-01-01; from here on it is one. */
const OPEN_MS = Date.UTC(2099, 0, 1)

/**
 * What will take devices of a scope out of work within a day: drains and failures that were entered for later, and windows
 * of maintenance. Rejects as the reader does.
 */
export async function plannedOutages(
  deps: Pick<FleetDeps, 'reader' | 'clock'>,
  labels: AlertLabels,
  windows: readonly PlannedWindow[],
): Promise<PlannedOutage[]> {
  const now_ms = deps.clock()
  const scope = parseFilters(filtersOf(labels)).params
  const asked = { ...scope, now_ms, until_ms: now_ms + DAY_MS, limit: PLANS_MAX }
  const entered = await alertPlans.run(deps.reader, asked)
  const plans: PlannedOutage[] = entered.map(({ reason, from_ms, to_ms, devices }) => ({
    kind: 'drain',
    name: reason,
    devices,
    fromMs: from_ms,
    toMs: to_ms >= OPEN_MS ? null : to_ms,
  }))
  for (const { place, name, fromMs, toMs } of windows.slice(0, PLANS_MAX)) {
    const both = withinBoth(labels, place)
    if (both === null || toMs <= now_ms || fromMs >= now_ms + DAY_MS) continue
    const filters = parseFilters(filtersOf(both)).params
    const [found] = await alertPlaceDevices.run(deps.reader, { ...filters, now_ms })
    if (found !== undefined && found.devices > 0)
      plans.push({ kind: 'maintenance', name, devices: found.devices, fromMs, toMs })
  }
  return plans
}

/** Labels of both, or null where they contradict each other. */
function withinBoth(a: AlertLabels, b: AlertLabels): AlertLabels | null {
  const both: Record<string, string> = { ...a }
  for (const [name, value] of Object.entries(b)) {
    if (both[name] !== undefined && both[name] !== value) return null
    both[name] = value
  }
  return both
}
