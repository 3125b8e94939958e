import type { OwnerFigures, OwnersAnswer } from '#schemas/api-ledger.ts'
import type { Contract, Owner } from '#schemas/journal.ts'
import { countDevices } from '../device-count.ts'
import { pueInForce } from '../facility/pue-in-force.ts'
import { carbonChanges } from '../facility/tariff.ts'
import { type FleetQuestion, frame } from '../fleet.ts'
import { POWER_COLUMNS } from '../fleet-metrics.ts'
import { timeByState } from '../state-sums.ts'
import type { TimeWindow } from '../window.ts'
import {
  bookOf,
  type CellGroup,
  groupCells,
  groupId,
  type LedgerDeps,
  readCells,
  readQuestion,
  totalOf,
} from './cells.ts'
import { energyCosts, idleEnergy } from './energy.ts'
import { boundsOf, hoursOf, secondsOf } from './figures.ts'
import { statesFinalUntil } from './ledger.ts'
import { lossesOf, versusCapacity } from './loss.ts'
import { billingOf, type BillingOf, PRICED_FIELDS } from './payer.ts'
import { moneyOf, usdOf } from './money.ts'

/**
 * GET /api/v1/owners: every tenant that held something in the window or is in the owners file, the highest loss first.
 * Throws as lossAnswer.
 */
export async function ownersAnswer(
  deps: LedgerDeps,
  asked: Omit<FleetQuestion, 'groupBy'>,
): Promise<OwnersAnswer> {
  const question = await readQuestion(deps, { ...asked, groupBy: 'tenant' })
  const documents = await deps.documents()
  const prices = bookOf(documents)
  const { facility } = documents
  const cuts = carbonChanges(facility, question.window)
  const [read, devices, pue] = await Promise.all([
    readCells(deps, { ...question, more: PRICED_FIELDS, columns: POWER_COLUMNS, prices, cuts }),
    countDevices(deps, question),
    pueInForce(deps, question.window, facility),
  ])
  const { cells, plan } = read
  const energy = await energyCosts(deps, question, { ...read, prices, facility })
  const groups = new Map(
    groupCells(cells, question.groupBy).map((group) => [group.key['tenant'] ?? '', group]),
  )
  const billing = billingOf(documents.owners)
  const known = new Map(documents.owners.map((owner) => [owner.tenant, owner]))
  // Contracts know no halls and no classes: against a part of the fleet they say nothing.
  const contracts = question.filters.fields.length > 0 ? [] : documents.contracts
  const sold = soldByTenant(contracts, question.window)
  const tenants = [...new Set([...groups.keys(), ...known.keys(), ...sold.keys()])]
  const of = (tenant: string) => {
    const id = groupId({ tenant }, question.groupBy)
    const group = groups.get(tenant) ?? { id, key: { tenant }, cells: [] }
    return {
      ...ownerFigures(group, known.get(tenant), {
        devices: devices.get(id) ?? 0,
        billing,
        contract: sold.get(tenant) ?? null,
      }),
      idle_energy: idleEnergy(totalOf(group.cells), energy.get(id), pue),
    }
  }
  return {
    ...frame(deps, { ...question, plan }),
    states_final_until: statesFinalUntil(question.published),
    owners: tenants
      .filter((tenant) => tenant !== '')
      .map(of)
      .sort(byLoss),
    nobody: of(''),
  }
}

/** What contracts sold within a window, by tenant. */
function soldByTenant(
  contracts: readonly Contract[],
  { fromMs, toMs }: TimeWindow,
): ReadonlyMap<string, NonNullable<OwnerFigures['contract']>> {
  const sold = new Map<string, { ids: string[]; sold_device_seconds: number }>()
  for (const { id, tenant, devices, from_ms, to_ms } of contracts) {
    const ms = Math.min(to_ms ?? toMs, toMs) - Math.max(from_ms, fromMs)
    if (ms <= 0) continue
    const of = sold.get(tenant) ?? { ids: [], sold_device_seconds: 0 }
    of.ids.push(id)
    of.sold_device_seconds += (devices * ms) / 1000
    sold.set(tenant, of)
  }
  return sold
}

/** The highest loss first; what has no price after what has one, by hours. */
function byLoss(a: OwnerFigures, b: OwnerFigures): number {
  const usd = (owner: OwnerFigures) => owner.loss_usd.versus_capacity ?? -1
  return usd(b) - usd(a) || b.lost_gpu_hours - a.lost_gpu_hours || (a.tenant < b.tenant ? -1 : 1)
}

function ownerFigures(
  { key, cells }: CellGroup,
  owner: Owner | undefined,
  {
    devices,
    billing,
    contract,
  }: { readonly devices: number; readonly billing: BillingOf } & Pick<OwnerFigures, 'contract'>,
): Omit<OwnerFigures, 'idle_energy'> {
  const totals = totalOf(cells)
  const times = timeByState(totals)
  const losses = lossesOf(cells, billing)
  const all = versusCapacity(losses)
  const { throttled, inefficient, productive, idle_held } = times
  return {
    tenant: key['tenant'] ?? '',
    display_name: owner?.display_name ?? '',
    contact: owner?.contact ?? '',
    billing: owner?.billing ?? 'unknown',
    devices,
    ...boundsOf(totals),
    held_device_seconds: secondsOf(idle_held + throttled + inefficient + productive),
    idle_held_device_seconds: secondsOf(idle_held),
    reserve_device_seconds: secondsOf(totals.states.reserve_ms * 1000n),
    contract,
    lost_gpu_hours: hoursOf(all.time),
    loss_usd: { versus_capacity: usdOf(all), versus_target: usdOf(losses.versusTarget) },
    payers: { ours: moneyOf(losses.ours), customer: moneyOf(losses.customer) },
    unpriced_hours: hoursOf(all.time - all.priced),
    assumed: all.isAssumed || losses.versusTarget.isAssumed,
  }
}
