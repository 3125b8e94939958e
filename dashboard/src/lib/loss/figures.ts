import { LOSS_LINES, type LossLine } from '#schemas/orders.ts'
import type { LedgerGroup, LossGroup, Money } from '#schemas/api-ledger.ts'
import { wholesOfSum } from '#schemas/largest-remainder.ts'

/** The waterfall as it is drawn: hours that sum as printed, and what each step cost whom. */

/** Steps between capacity and busy. Unallocated is told apart by contracts, idle by who serves. */
export const STEPS = [
  'failed',
  'drained',
  'verification',
  'unknown',
  'unsold',
  'sold',
  'idle_held',
  'reserve',
  'part_busy',
  'cut',
  'busy_while_quiet',
] as const
export type Step = (typeof STEPS)[number]

/** What stands below the waterfall: lost while the device was at work. */
export const WORK_LINES = ['throttled', 'inefficient'] as const
export type WorkLine = (typeof WORK_LINES)[number]

/** Dollars of a line as printed, which sum to the total of their column; null = no price; absent = none of this payer. */
export interface Cost {
  readonly ours?: number | null
  readonly customer?: number | null
}

export interface FallStep extends Cost {
  readonly step: Step
  /** Device-hours, exact and as printed; busy_while_quiet is added, the others are taken away. */
  readonly hours: number
  readonly printed: number
  /** Share of capacity before the step, and its width. */
  readonly from: number
  readonly share: number
}

export interface Fall {
  readonly capacity: number
  readonly busy: number
  readonly busyPrinted: number
  readonly busyShare: number
  readonly steps: readonly FallStep[]
  readonly work: readonly (Cost & { readonly line: WorkLine; readonly hours: number })[]
  readonly total: Cost
}

const SECONDS_PER_HOUR = 3_600

/** `ledger` and `loss` are of one window and one group. */
export function fallOf(ledger: LedgerGroup, loss: LossGroup): Fall {
  const { ledger: times } = ledger
  const { unallocated } = loss
  const hours = (seconds: number) => seconds / SECONDS_PER_HOUR
  const step = (name: LedgerGroup['waterfall'][number]['step']) =>
    hours(ledger.waterfall.find((given) => given.step === name)?.device_seconds ?? 0)
  const capacity = step('capacity')
  const partBusy = loss.by_state.part_busy.gpu_hours
  const reserve = loss.reserve.gpu_hours
  const lengths: Readonly<Record<Step, number>> = {
    failed: hours(times.failed),
    drained: hours(times.drained),
    verification: hours(times.verification),
    unknown: hours(times.unknown),
    unsold: unallocated.unsold.gpu_hours,
    sold: unallocated.sold_without_job.gpu_hours,
    idle_held: hours(times.idle_held) - reserve,
    reserve,
    part_busy: partBusy,
    // The waterfall's part-busy holds what throttled and inefficient time was not busy, too.
    cut: -step('part_busy') - partBusy,
    busy_while_quiet: -step('busy_while_quiet'),
  }
  const busy = step('busy')
  const rounded = wholesOfSum([...STEPS.map((name) => lengths[name]), busy])
  const costs = printed(exactCosts(loss))
  let left = capacity
  const steps = STEPS.map((name, at): FallStep => {
    const from = left
    left -= lengths[name]
    const share = capacity > 0 ? Math.abs(lengths[name]) / capacity : 0
    const start = capacity > 0 ? Math.min(from, left) / capacity : 0
    return {
      step: name,
      hours: lengths[name],
      printed: rounded[at] ?? 0,
      from: start,
      share,
      ...costs.lines.get(name),
    }
  })
  return {
    capacity,
    busy,
    busyPrinted: rounded.at(-1) ?? 0,
    busyShare: capacity > 0 ? busy / capacity : 0,
    steps,
    work: WORK_LINES.map((line) => ({
      line,
      hours: loss.by_state[line].gpu_hours,
      ...costs.lines.get(line),
    })),
    total: costs.total,
  }
}

/** Ours is what of a line is not the customer's; a part without a price is null. */
export function oursOf(loss: LossGroup, line: LossLine): number | null {
  const [all, customer] = [loss.by_state[line], loss.customer_by_state[line]]
  if (all.usd === null) return null
  return Math.max(0, all.usd - (customer.usd ?? 0))
}

/** What is left of a sum without a part of it; null when the sum has no price. */
const less = (all: Money, part: Money): number | null =>
  all.usd === null ? null : all.usd - (part.usd ?? 0)

/** Lines with what they cost whom, in the order in which they are printed. */
function exactCosts(loss: LossGroup): readonly (readonly [Step | WorkLine, Cost])[] {
  const { customer_by_state: theirs, reserve, customer_reserve: theirReserve } = loss
  const ourIdle = oursOf(loss, 'idle_held')
  const ourReserve = less(reserve, theirReserve)
  const both = (line: LossLine): Cost => ({ ours: oursOf(loss, line), customer: theirs[line].usd })
  return [
    ['failed', { ours: oursOf(loss, 'failed') }],
    ['drained', { ours: oursOf(loss, 'drained') }],
    ['unsold', { ours: loss.unallocated.unsold.usd }],
    ['sold', { customer: loss.unallocated.sold_without_job.usd }],
    [
      'idle_held',
      {
        ours: ourIdle === null ? null : ourIdle - (ourReserve ?? 0),
        customer: less(theirs.idle_held, theirReserve),
      },
    ],
    ['reserve', { ours: ourReserve, customer: theirReserve.usd }],
    ['part_busy', both('part_busy')],
    ['throttled', both('throttled')],
    ['inefficient', both('inefficient')],
  ]
}

/** Whole dollars that sum to the total of their column, payer by payer. */
function printed(exact: readonly (readonly [Step | WorkLine, Cost])[]) {
  const lines = new Map(exact.map(([line]) => [line, new Map<keyof Cost, number | null>()]))
  const total = new Map<keyof Cost, number>()
  for (const payer of ['ours', 'customer'] as const) {
    const priced = exact.flatMap(([line, cost]) => {
      const usd = cost[payer]
      if (usd === null) lines.get(line)?.set(payer, null)
      return usd === null || usd === undefined ? [] : [{ line, usd }]
    })
    const rounded = wholesOfSum(priced.map(({ usd }) => usd))
    priced.forEach(({ line }, at) => lines.get(line)?.set(payer, rounded[at] ?? 0))
    total.set(
      payer,
      rounded.reduce((sum, usd) => sum + usd, 0),
    )
  }
  const costOf = (known: ReadonlyMap<keyof Cost, number | null>): Cost => ({
    ...(known.has('ours') ? { ours: known.get('ours') ?? null } : {}),
    ...(known.has('customer') ? { customer: known.get('customer') ?? null } : {}),
  })
  return {
    lines: new Map([...lines].map(([line, known]) => [line, costOf(known)])),
    total: costOf(total),
  }
}

/** Lines of a group by their part of its lost hours, the largest first. */
export function shareOfLines(loss: LossGroup): readonly { line: LossLine; share: number }[] {
  const all = loss.lost_gpu_hours
  if (all <= 0) return []
  return LOSS_LINES.map((line) => ({ line, share: loss.by_state[line].gpu_hours / all })).filter(
    ({ share }) => share > 0,
  )
}
