import { PlimsollError } from '#schemas/errors.ts'
import type {
  ComparedPeriod,
  FleetWindow,
  ReportWindow,
  WindowUtilization,
} from '#schemas/report/facts.ts'
import { parseFilters } from '../filters.ts'
import { groupCells, type LedgerDeps, readCells, totalOf } from '../ledger/cells.ts'
import type { FacilityDeps } from '../facility/deps.ts'
import { boundsOf, hoursOf } from '../ledger/figures.ts'
import { ledgerAnswer } from '../ledger/ledger.ts'
import { lossAnswer } from '../ledger/loss.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { asked } from './asked.ts'

/** How the fleet was over whole windows: the report's own, and those that it is compared with. */

type Named = ReportWindow & { readonly id: string }

const WHOLE = { filters: parseFilters([]), more: [], columns: NO_COLUMNS, prices: null } as const

export async function fleetWindow(deps: FacilityDeps, window: ReportWindow): Promise<FleetWindow> {
  const question = { ...asked(window), filters: [] }
  const ledger = await ledgerAnswer(deps, question)
  const loss = await lossAnswer(deps, question)
  return { ...window, ledger: first(ledger.groups), loss: first(loss.groups) }
}

/** The group of a question without `group_by`: there always is one. */
export function first<Group>(groups: readonly Group[]): Group {
  const [group] = groups
  if (group !== undefined) return group
  throw new PlimsollError('E_INTERNAL', 'an answer about the whole fleet has no group')
}

/** The newest of the compared windows in full, and all of them as figures of one line. */
export async function comparison(
  deps: FacilityDeps,
  windows: readonly Named[],
): Promise<{ readonly before: FleetWindow | null; readonly compared: readonly ComparedPeriod[] }> {
  const [last, ...others] = windows
  if (last === undefined) return { before: null, compared: [] }
  const before = await fleetWindow(deps, last)
  const compared = [comparedOf(last, before.loss)]
  for (const window of others) {
    const { groups } = await lossAnswer(deps, { ...asked(window), filters: [] })
    compared.push(comparedOf(window, first(groups)))
  }
  return { before, compared }
}

const comparedOf = (
  { id, fromMs, toMs }: Named,
  { utilization, coverage, lost_gpu_hours, loss_usd }: FleetWindow['loss'],
): ComparedPeriod => ({
  id,
  fromMs,
  toMs,
  utilization,
  coverage,
  lost_gpu_hours,
  loss_usd: loss_usd.versus_capacity,
})

export async function utilizations(
  deps: LedgerDeps,
  windows: readonly Named[],
): Promise<WindowUtilization[]> {
  const published = await deps.published()
  const found: WindowUtilization[] = []
  for (const window of windows) {
    const { cells } = await readCells(deps, { window, published, ...WHOLE, groupBy: [] })
    const totals = totalOf(cells)
    const { utilization, coverage } = boundsOf(totals)
    found.push({
      ...window,
      utilization,
      coverage,
      capacity_hours: hoursOf(totals.capacity * 1000n),
      known_hours: hoursOf(totals.known * 1000n),
      busy_hours: hoursOf(totals.busyX1000),
    })
  }
  return found
}

/** Utilization of every tenant over the periods before, as one window. */
export async function ownersEarlier(
  deps: LedgerDeps,
  earlier: readonly ReportWindow[],
): Promise<ReadonlyMap<string, number | null>> {
  if (earlier.length === 0) return new Map()
  const window = {
    fromMs: Math.min(...earlier.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...earlier.map(({ toMs }) => toMs)),
  }
  const published = await deps.published()
  const groupBy = ['tenant'] as const
  const { cells } = await readCells(deps, { window, published, ...WHOLE, groupBy })
  return new Map(
    groupCells(cells, groupBy).map(({ key, cells: members }) => [
      key['tenant'] ?? '',
      boundsOf(totalOf(members)).utilization,
    ]),
  )
}
