import { LOSS_LINES, type LossAnswer, type LossGroup, type LossLine } from '#schemas/api-ledger.ts'
import type { IdleEnergy } from '#schemas/api-ledger-parts.ts'
import { countDevices } from '../device-count.ts'
import { pueInForce } from '../facility/pue-in-force.ts'
import { carbonChanges } from '../facility/tariff.ts'
import { type FleetQuestion, frame } from '../fleet.ts'
import { POWER_COLUMNS } from '../fleet-metrics.ts'
import type { TimeWindow } from '../window.ts'
import { HOUR_MS } from '../window.ts'
import {
  bookOf,
  type Cell,
  type CellGroup,
  groupCells,
  type LedgerDeps,
  readCells,
  readQuestion,
  totalOf,
} from './cells.ts'
import { energyCosts, idleEnergy } from './energy.ts'
import { boundsOf, hoursOf } from './figures.ts'
import { statesFinalUntil } from './ledger.ts'
import {
  joinWorth,
  lessWorth,
  lostByLine,
  moneyOf,
  NO_WORTH,
  shortOfTarget,
  sumWorth,
  usdOf,
  type Worth,
  worthOf,
} from './money.ts'
import { billingOf, type BillingOf, payingFields } from './payer.ts'
import { soldTime } from './unsold.ts'

/**
 * GET /api/v1/loss: hours and dollars of lost time. Throws E_RANGE_INVALID, E_FILTER_INVALID, E_QUERY_TOO_LARGE for too
 * many changes of prices, E_JOURNAL_AWAY before the journal was ever read, and the reader's errors.
 */
export async function lossAnswer(deps: LedgerDeps, asked: FleetQuestion): Promise<LossAnswer> {
  const question = await readQuestion(deps, asked)
  const documents = await deps.documents()
  const prices = bookOf(documents)
  const { facility } = documents
  const [read, devices, pue] = await Promise.all([
    readCells(deps, {
      ...question,
      more: payingFields(documents.owners, question.groupBy),
      columns: POWER_COLUMNS,
      prices,
      cuts: carbonChanges(facility, question.window),
    }),
    countDevices(deps, question),
    pueInForce(deps, question.window, facility),
  ])
  const given = { ...read, prices, facility, contracts: documents.contracts }
  const [{ sold, stepHours }, energy] = await Promise.all([
    soldTime(deps, question, given),
    energyCosts(deps, question, given),
  ])
  const billing = billingOf(documents.owners)
  return {
    ...frame(deps, { ...question, plan: read.plan }),
    states_final_until: statesFinalUntil(question.published),
    contract_step_hours: stepHours,
    groups: groupCells(read.cells, question.groupBy).map((group) =>
      lossGroup(group, question.window, {
        devices: devices.get(group.id) ?? 0,
        sold: sold.get(group.id) ?? NO_WORTH,
        energy: idleEnergy(totalOf(group.cells), energy.get(group.id), pue),
        billing,
      }),
    ),
  }
}

/** Lost time of some cells, by line and by who pays; sold time without a job counts as unallocated of ours here. */
export interface Losses {
  readonly lines: Readonly<Record<LossLine, Worth>>
  readonly ours: Worth
  readonly customer: Worth
  readonly versusTarget: Worth
}

/** Everything that money has to be worked out for, in whole numbers. */
export function lossesOf(
  cells: readonly Cell[],
  billing: BillingOf = ({ billing: told }) => told,
): Losses {
  const lines = new Map<LossLine, Worth>()
  let [ours, customer, versusTarget] = [NO_WORTH, NO_WORTH, NO_WORTH]
  for (const { totals, price, fields } of cells) {
    const lost = lostByLine(totals)
    for (const line of LOSS_LINES) {
      const worth = worthOf(lost[line], price)
      lines.set(line, joinWorth(lines.get(line) ?? NO_WORTH, worth))
      if (paysCustomer(line, billing(fields))) customer = joinWorth(customer, worth)
      else ours = joinWorth(ours, worth)
    }
    versusTarget = joinWorth(versusTarget, worthOf(shortOfTarget(totals), price))
  }
  const of = (line: LossLine) => lines.get(line) ?? NO_WORTH
  return {
    lines: {
      failed: of('failed'),
      drained: of('drained'),
      unallocated: of('unallocated'),
      idle_held: of('idle_held'),
      throttled: of('throttled'),
      part_busy: of('part_busy'),
      inefficient: of('inefficient'),
    },
    ours,
    customer,
    versusTarget,
  }
}

const OURS: ReadonlySet<LossLine> = new Set<LossLine>(['failed', 'drained', 'unallocated'])

/** Time that is paid for and held, however little was made of it, is the customer's; all other is ours. */
const paysCustomer = (line: LossLine, billing: string | undefined) =>
  billing === 'paid' && !OURS.has(line)

/** All lines of a loss together. */
export const versusCapacity = ({ lines }: Losses): Worth =>
  sumWorth(LOSS_LINES.map((line) => lines[line]))

function lossGroup(
  { key, cells }: CellGroup,
  window: TimeWindow,
  given: {
    readonly devices: number
    readonly sold: Worth
    readonly energy: IdleEnergy
    readonly billing: BillingOf
  },
): LossGroup {
  const { devices, sold, energy, billing } = given
  const totals = totalOf(cells)
  const losses = lossesOf(cells, billing)
  const { lines } = losses
  const all = versusCapacity(losses)
  const usd = usdOf(all)
  return {
    key,
    devices,
    ...boundsOf(totals),
    lost_gpu_hours: hoursOf(all.time),
    loss_usd: { versus_capacity: usd, versus_target: usdOf(losses.versusTarget) },
    usd_per_hour: usd === null ? null : usd / ((window.toMs - window.fromMs) / HOUR_MS),
    by_state: {
      failed: moneyOf(lines.failed),
      drained: moneyOf(lines.drained),
      unallocated: moneyOf(lines.unallocated),
      idle_held: moneyOf(lines.idle_held),
      throttled: moneyOf(lines.throttled),
      part_busy: moneyOf(lines.part_busy),
      inefficient: moneyOf(lines.inefficient),
    },
    throttled_by_cause: throttledByCause(cells),
    payers: {
      ours: moneyOf(lessWorth(losses.ours, sold)),
      customer: moneyOf(joinWorth(losses.customer, sold)),
    },
    unallocated: {
      unsold: moneyOf(lessWorth(lines.unallocated, sold)),
      sold_without_job: moneyOf(sold),
    },
    reserve: moneyOf(worthOfAll(cells, ({ totals: { states } }) => states.reserve_ms * 1000n)),
    unpriced_hours: hoursOf(all.time - all.priced),
    assumed: all.isAssumed || losses.versusTarget.isAssumed,
    idle_energy: energy,
  }
}

const worthOfAll = (cells: readonly Cell[], time: (cell: Cell) => bigint): Worth =>
  sumWorth(cells.map((cell) => worthOf(time(cell), cell.price)))

function throttledByCause(cells: readonly Cell[]): LossGroup['throttled_by_cause'] {
  const heat = worthOfAll(cells, ({ totals: { states } }) => states.throttled_heat_ms_x1000)
  const brake = worthOfAll(cells, ({ totals: { states } }) => states.throttled_power_ms_x1000)
  const all = worthOfAll(cells, ({ totals: { states } }) => states.throttled_ms_x1000)
  return {
    heat: moneyOf(heat),
    power_brake: moneyOf(brake),
    hardware: moneyOf(lessWorth(all, joinWorth(heat, brake))),
  }
}
