import type { Contract } from '#schemas/journal.ts'
import { LEDGER_STATES } from '#schemas/ledger.ts'
import { modelKey } from '#schemas/models/model.ts'
import { MICRO_USD } from '#schemas/price-book.ts'
import type { CostFact, ReportAnswers, ReportWindow } from '#schemas/report/facts.ts'
import { energyDevices } from '../energy-devices.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { bookOf, type Cell, type LedgerDeps, readCells } from '../ledger/cells.ts'
import { hoursOf } from '../ledger/figures.ts'
import { moneyOf, sumWorth, worthOf } from '../ledger/money.ts'
import { parseFilters } from '../filters.ts'
import { busyByState, timeByState } from '../state-sums.ts'
import { asked, orNull } from './asked.ts'
import { type EnergyPart, shareEnergy, type StateEnergy } from './cost-energy.ts'

/** Time by tenant, model, pool and state, cut where a price, a rate or a billing month changes. */
export async function costFacts(
  deps: LedgerDeps,
  window: ReportWindow,
  cuts: readonly number[],
): Promise<Pick<ReportAnswers, 'costs' | 'known_worth'>> {
  const [published, documents] = await Promise.all([deps.published(), deps.documents()])
  const { contracts, owners } = documents
  const inside = (ms: number | null) => ms !== null && ms > window.fromMs && ms < window.toMs
  const terms = contracts.flatMap(({ from_ms, to_ms }) => [from_ms, to_ms ?? -1]).filter(inside)
  const { cells } = await readCells(deps, {
    window,
    published,
    groupBy: ['tenant', 'model', 'pool'],
    filters: parseFilters([]),
    more: [],
    columns: { ...NO_COLUMNS, power: 'power_mw_ms' },
    prices: bookOf(documents),
    cuts: [...cuts, ...terms],
  })
  const names = new Map(owners.map(({ tenant, display_name }) => [tenant, display_name]))
  const worth = sumWorth(cells.map(({ totals, price }) => worthOf(totals.known * 1000n, price)))
  const measured = await orNull(() =>
    energyDevices(deps, { ...asked(window), groupBy: 'model,pool', filters: [] }),
  )
  const energy = shareEnergy(cells.map(energyPart), measured?.groups ?? [])
  return {
    costs: cells.flatMap((cell, at) => costsOf(cell, { contracts, names, energy: energy[at] })),
    known_worth: { usd: moneyOf(worth).usd, priced_hours: hoursOf(worth.priced) },
  }
}

function costsOf(
  { fields, totals, price, window }: Cell,
  given: {
    readonly contracts: readonly Contract[]
    readonly names: ReadonlyMap<string, string>
    readonly energy: StateEnergy | undefined
  },
): CostFact[] {
  const { contracts, names, energy } = given
  const { tenant = '', model = '', pool = '' } = fields
  const times = timeByState(totals)
  const busy = busyByState(totals)
  const contract = contracts.find((one) => holds(one, { tenant, model, pool }, window.fromMs))
  const shared = {
    ...window,
    tenant,
    tenant_name: names.get(tenant) || tenant,
    model,
    pool,
    usd_per_hour: price === null ? null : Number(price.microUsd) / MICRO_USD,
    assumed: price?.isAssumed ?? false,
    contract_usd_per_hour: contract?.currency === 'USD' ? contract.rate_per_hour : null,
    contract: contract?.id ?? '',
  }
  return LEDGER_STATES.filter((state) => times[state] !== 0n).map((state) => ({
    ...shared,
    state,
    gpu_hours: hoursOf(times[state]),
    busy_gpu_hours: hoursOf(busy[state]),
    energy_kwh: energy?.[state] ?? null,
  }))
}

const energyPart = ({ fields, totals }: Cell): EnergyPart => ({
  model: fields['model'] ?? '',
  pool: fields['pool'] ?? '',
  times: timeByState(totals),
  power: {
    all: totals.powerMwMs,
    unallocated: totals.states.power_unallocated_mw_ms,
    idle_held: totals.states.power_idle_held_mw_ms,
  },
})

function holds(
  contract: Contract,
  place: { readonly tenant: string; readonly model: string; readonly pool: string },
  atMs: number,
): boolean {
  const { tenant, model, pool, from_ms, to_ms } = contract
  if (tenant !== place.tenant || from_ms > atMs || (to_ms !== null && to_ms <= atMs)) return false
  const isModel = model === '' || modelKey(model) === modelKey(place.model)
  return isModel && (pool === '' || pool === place.pool)
}
