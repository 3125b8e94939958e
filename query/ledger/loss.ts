import { LOSS_ORDERS, type LossOrder, LOSS_LINES, type LossLine } from '#schemas/orders.ts'
import type { LossAnswer, LossGroup } from '#schemas/api-ledger.ts'
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

export const LOSS_LIMIT_MAX = 1000

export interface LossQuestion extends FleetQuestion {
  /** Absent = by key; `-` before it = the highest first. */
  readonly sort?: LossOrder | `-${LossOrder}` | undefined
  /** Absent = all groups. */
  readonly limit?: number | undefined
}

/**
 * GET /api/v1/loss: hours and dollars of lost time. Throws E_RANGE_INVALID, E_FILTER_INVALID, E_QUERY_TOO_LARGE for too
 * many changes of prices, E_JOURNAL_AWAY before the journal was ever read, and the reader's errors.
 */
export async function lossAnswer(deps: LedgerDeps, asked: LossQuestion): Promise<LossAnswer> {
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
  const groups = groupCells(read.cells, question.groupBy)
  return {
    ...frame(deps, { ...question, plan: read.plan }),
    states_final_until: statesFinalUntil(question.published),
    contract_step_hours: stepHours,
    groups_total: groups.length,
    groups: inOrder(
      groups.map((group) =>
        lossGroup(group, question.window, {
          devices: devices.get(group.id) ?? 0,
          sold: sold.get(group.id) ?? NO_WORTH,
          energy: idleEnergy(totalOf(group.cells), energy.get(group.id), pue),
          billing,
        }),
      ),
      asked,
    ),
  }
}

const FIGURES: Readonly<Record<LossOrder, (group: LossGroup) => number | null>> = {
  usd: ({ loss_usd: usd }) => usd.versus_capacity,
  versus_target_usd: ({ loss_usd: usd }) => usd.versus_target,
  gpu_hours: (group) => group.lost_gpu_hours,
  ours_usd: ({ payers }) => payers.ours.usd,
  customer_usd: ({ payers }) => payers.customer.usd,
  idle_held_usd: ({ by_state: state }) => state.idle_held.usd,
  utilization: (group) => group.utilization,
}

/** Groups without the figure last, whichever way the order goes; groups that are equal keep the order of their keys. */
function inOrder(
  groups: readonly LossGroup[],
  { sort, limit }: Pick<LossQuestion, 'sort' | 'limit'>,
): LossGroup[] {
  const order = LOSS_ORDERS.find((known) => sort === known || sort === `-${known}`)
  if (order === undefined) return groups.slice(0, limit)
  const figure = FIGURES[order]
  const sign = sort === order ? 1 : -1
  return groups
    .toSorted((a, b) => {
      const [x, y] = [figure(a), figure(b)]
      if (x === null || y === null) return Number(x === null) - Number(y === null)
      return sign * (x - y)
    })
    .slice(0, limit)
}

/** Lost time of some cells, by line and by who pays; sold time without a job counts as unallocated of ours here. */
export interface Losses {
  readonly lines: Readonly<Record<LossLine, Worth>>
  /** The customer's part of each line. */
  readonly customerLines: Readonly<Record<LossLine, Worth>>
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
  const customerLines = new Map<LossLine, Worth>()
  let [ours, customer, versusTarget] = [NO_WORTH, NO_WORTH, NO_WORTH]
  for (const { totals, price, fields } of cells) {
    const lost = lostByLine(totals)
    for (const line of LOSS_LINES) {
      const worth = worthOf(lost[line], price)
      lines.set(line, joinWorth(lines.get(line) ?? NO_WORTH, worth))
      if (paysCustomer(line, billing(fields))) {
        customer = joinWorth(customer, worth)
        customerLines.set(line, joinWorth(customerLines.get(line) ?? NO_WORTH, worth))
      } else ours = joinWorth(ours, worth)
    }
    versusTarget = joinWorth(versusTarget, worthOf(shortOfTarget(totals), price))
  }
  return {
    lines: byLine((line) => lines.get(line) ?? NO_WORTH),
    customerLines: byLine((line) => customerLines.get(line) ?? NO_WORTH),
    ours,
    customer,
    versusTarget,
  }
}

/** Written out, because an answer has thousands of them. */
const byLine = <Value>(of: (line: LossLine) => Value): Readonly<Record<LossLine, Value>> => ({
  failed: of('failed'),
  drained: of('drained'),
  unallocated: of('unallocated'),
  idle_held: of('idle_held'),
  throttled: of('throttled'),
  part_busy: of('part_busy'),
  inefficient: of('inefficient'),
})

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
    by_state: moneyByLine(losses),
    throttled_by_cause: throttledByCause(cells),
    customer_by_state: moneyByLine({ lines: { ...losses.customerLines, unallocated: sold } }),
    payers: {
      ours: moneyOf(lessWorth(losses.ours, sold)),
      customer: moneyOf(joinWorth(losses.customer, sold)),
    },
    unallocated: {
      unsold: moneyOf(lessWorth(lines.unallocated, sold)),
      sold_without_job: moneyOf(sold),
    },
    reserve: moneyOf(reserveOf(cells)),
    customer_reserve: moneyOf(reserveOf(cells.filter(({ fields }) => billing(fields) === 'paid'))),
    unpriced_hours: hoursOf(all.time - all.priced),
    assumed: all.isAssumed || losses.versusTarget.isAssumed,
    idle_energy: energy,
  }
}

/** Lines of a loss as an answer has them. */
export const moneyByLine = ({ lines }: Pick<Losses, 'lines'>): LossGroup['by_state'] =>
  byLine((line) => moneyOf(lines[line]))

const worthOfAll = (cells: readonly Cell[], time: (cell: Cell) => bigint): Worth =>
  sumWorth(cells.map((cell) => worthOf(time(cell), cell.price)))

const reserveOf = (cells: readonly Cell[]): Worth =>
  worthOfAll(cells, ({ totals: { states } }) => states.reserve_ms * 1000n)

/** What clocks took, by what cut them. */
export function throttledByCause(cells: readonly Cell[]): LossGroup['throttled_by_cause'] {
  const heat = worthOfAll(cells, ({ totals: { states } }) => states.throttled_heat_ms_x1000)
  const brake = worthOfAll(cells, ({ totals: { states } }) => states.throttled_power_ms_x1000)
  const all = worthOfAll(cells, ({ totals: { states } }) => states.throttled_ms_x1000)
  return {
    heat: moneyOf(heat),
    power_brake: moneyOf(brake),
    hardware: moneyOf(lessWorth(all, joinWorth(heat, brake))),
  }
}
