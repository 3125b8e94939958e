import type { FleetGroup, FleetSummary } from '#schemas/api.ts'
import { pueInForce } from '../facility/pue-in-force.ts'
import { carbonChanges } from '../facility/tariff.ts'
import { parseFilters, parseGroupBy } from '../filters.ts'
import { fleetSummary, settledWindow, type SummaryQuestion } from '../fleet.ts'
import { POWER_COLUMNS, TIER_COLUMNS } from '../fleet-metrics.ts'
import { timeByState } from '../state-sums.ts'
import {
  bookOf,
  type CellGroup,
  groupCells,
  groupId,
  type LedgerDeps,
  readCells,
  totalOf,
} from './cells.ts'
import { energyCosts, idleEnergy } from './energy.ts'
import { hoursOf, inSeconds } from './figures.ts'
import { lossesOf, versusCapacity } from './loss.ts'
import { PRICED_FIELDS } from './payer.ts'
import { usdOf } from './money.ts'
import { byCompute, tiersOf } from './tiers.ts'

/**
 * GET /api/v1/fleet/summary?include=ledger: the summary, each group with its states and what they cost. It reads more
 * columns and tells more groups apart, so it is made only for those who ask. Throws as fleetSummary and lossAnswer.
 */
export async function summaryWithLedger(
  deps: LedgerDeps,
  asked: SummaryQuestion,
): Promise<FleetSummary> {
  const groupBy = parseGroupBy(asked.groupBy)
  const filters = parseFilters(asked.filters)
  const { window, published } = await settledWindow(deps, asked)
  const documents = await deps.documents()
  const { facility } = documents
  const prices = bookOf(documents)
  const columns = { ...TIER_COLUMNS, ...POWER_KNOWN }
  const cuts = carbonChanges(facility, window)
  const asking = { window, published, groupBy, filters }
  const question = { ...asking, more: PRICED_FIELDS, columns, prices, cuts }
  // The same window for both, also when a minute is settled meanwhile.
  const fixed = { from: String(window.fromMs), to: String(window.toMs) }
  const [summary, read, pue] = await Promise.all([
    fleetSummary(deps, { ...asked, ...fixed }),
    readCells(deps, question),
    pueInForce(deps, window, facility),
  ])
  const costs = await energyCosts(deps, asking, { ...read, prices, facility })
  const groups = new Map(groupCells(read.cells, groupBy).map((group) => [group.id, group]))
  const basis = 'bf16' as const
  const figures = (group: CellGroup) => ({
    ...ledgerOf(group, { basis, window, models: deps.models }),
    idle_energy: idleEnergy(totalOf(group.cells), costs.get(group.id), pue),
  })
  return {
    ...summary,
    groups: summary.groups.map((group) => {
      const found = groups.get(groupId(group.key, groupBy))
      return found === undefined ? group : { ...group, ...figures(found) }
    }),
  }
}

/** How much of the power is known, beside the tiers. */
const POWER_KNOWN = { power_known: POWER_COLUMNS.power_known }

function ledgerOf(
  { cells }: CellGroup,
  given: Parameters<typeof byCompute>[1],
): Pick<
  FleetGroup,
  | 'ledger'
  | 'lost_gpu_hours'
  | 'loss_usd'
  | 'loss_assumed'
  | 'h100_equivalents'
  | 'active_ratio'
  | 'effective_ratio'
> {
  const totals = totalOf(cells)
  const losses = lossesOf(cells)
  const all = versusCapacity(losses)
  const { active, effective } = tiersOf(totals)
  const { figures, equivalents } = byCompute(cells, given)
  return {
    ledger: inSeconds(timeByState(totals)),
    lost_gpu_hours: hoursOf(all.time),
    loss_usd: { versus_capacity: usdOf(all), versus_target: usdOf(losses.versusTarget) },
    loss_assumed: all.isAssumed || losses.versusTarget.isAssumed,
    h100_equivalents: figures.value === null ? null : equivalents.busy,
    active_ratio: active.value,
    effective_ratio: effective.value,
  }
}
