import type { JobFigures } from '#schemas/api-jobs.ts'
import type { Owner } from '#schemas/journal.ts'
import { Billing } from '#schemas/billing.ts'
import type { Dimension } from '../filters.ts'
import { type Cell, groupCells, type LedgerTotals, totalOf } from '../ledger/cells.ts'
import { hoursOf } from '../ledger/figures.ts'
import { lossesOf, versusCapacity } from '../ledger/loss.ts'
import { moneyOf } from '../ledger/money.ts'
import { billingOf, type BillingOf } from '../ledger/payer.ts'
import { timeByState } from '../state-sums.ts'
import { baseOf, ratioOf, tierOf, utilizationOf } from '../sums.ts'
import { iso } from '../window.ts'
import { hintOf, isLow } from './hint.ts'
import { jobKey, type JobSpan } from './spans.ts'

/** A job is its cluster and its id. */
export const JOB_FIELDS = ['cluster', 'job'] as const satisfies readonly Dimension[]
/** What decides its price, its payer and its owner; with the job as many as a statement takes. */
export const JOB_MORE = [
  'tenant',
  'class',
  'model',
  'pool',
  'billing',
] as const satisfies readonly Dimension[]

/** Whose jobs are. */
export interface JobOwners {
  readonly names: ReadonlyMap<string, Owner>
  readonly billing: BillingOf
}

export const jobOwners = (owners: readonly Owner[]): JobOwners => ({
  names: new Map(owners.map((owner) => [owner.tenant, owner])),
  billing: billingOf(owners),
})

/** Jobs of some cells with their spans; a job without a span held no capacity of its own. */
export function jobsOf(read: {
  readonly cells: readonly Cell[]
  readonly spans: readonly JobSpan[]
  readonly owners: JobOwners
}): JobFigures[] {
  const byJob = new Map(read.spans.map((span) => [jobKey(span), span]))
  return groupCells(read.cells, JOB_FIELDS).flatMap(({ key, cells }) => {
    const { cluster = '', job = '' } = key
    const span = byJob.get(jobKey({ cluster, job }))
    return span === undefined ? [] : [jobFigures(cells, span, read.owners)]
  })
}

/** One job: its cells, at least one, and its span. */
export function jobFigures(cells: readonly Cell[], span: JobSpan, owners: JobOwners): JobFigures {
  const totals = totalOf(cells)
  const losses = lossesOf(cells, owners.billing)
  const lost = versusCapacity(losses)
  const tenant = mostOf(cells, 'tenant')
  const owner = owners.names.get(tenant)
  const holder = mostOf(cells, 'class')
  const bounds = utilizationOf(totals)
  const gpuHours = hoursOf(totals.capacity * 1000n)
  const tiers = tiersOf(totals)
  return {
    cluster: span.cluster,
    job: span.job,
    tenant,
    display_name: owner?.display_name || tenant,
    contact: owner?.contact ?? '',
    class: holder,
    billing: Billing.catch('unknown').parse(
      owners.billing({ billing: mostOf(cells, 'billing'), tenant }),
    ),
    models: valuesOf(cells, 'model'),
    pools: valuesOf(cells, 'pool'),
    devices: span.devices,
    nodes: span.nodes,
    devices_at_end: span.devicesAtEnd,
    state: span.isRunning ? 'running' : 'ended',
    started_at: span.wasBefore ? null : iso(span.firstMs),
    ended_at: span.isRunning ? null : iso(span.lastMs),
    known_to_s: widthOf(span) / 1000,
    gpu_hours: gpuHours,
    ...bounds,
    ...tiers,
    idle_held: moneyOf(losses.lines.idle_held),
    lost: moneyOf(lost),
    unpriced_hours: hoursOf(lost.time - lost.priced),
    assumed: lost.isAssumed,
    is_low: isLow({
      utilization: bounds.utilization,
      gpuHours,
      minutes: (gpuHours / Math.max(1, span.devices)) * 60,
    }),
    hint: hintOf({
      ...sharesOf(totals),
      utilization: bounds.utilization,
      effective: (tiers.effective.coverage ?? 0) >= 0.5 ? tiers.effective.value : null,
      isServing: holder === 'serving',
    }),
  }
}

/** Active and effective, each with its own coverage. */
export const tiersOf = (totals: LedgerTotals) => ({
  active: tierOf(totals.activeX1000, totals.activeKnown, baseOf(totals)),
  effective: tierOf(totals.effectiveX1000, totals.effectiveKnown, baseOf(totals)),
})

function sharesOf(totals: LedgerTotals) {
  const times = timeByState(totals)
  const share = (time: bigint) => ratioOf(time, totals.known * 1000n) ?? 0
  return {
    idle: share(times.idle_held),
    throttled: share(times.throttled),
    inefficient: share(times.inefficient),
  }
}

/** Only what is told counts: the edge of a window tells nothing of begin or end. */
function widthOf({ wasBefore, isRunning, firstWidthMs, lastWidthMs }: JobSpan): number {
  return Math.max(wasBefore ? 60_000 : firstWidthMs, isRunning ? 60_000 : lastWidthMs)
}

/** The value that most of the time has. */
function mostOf(cells: readonly Cell[], field: Dimension): string {
  const times = new Map<string, bigint>()
  for (const { fields, totals } of cells) {
    const value = fields[field] ?? ''
    times.set(value, (times.get(value) ?? 0n) + totals.capacity)
  }
  const [most] = [...times].sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1))
  return most?.[0] ?? ''
}

const valuesOf = (cells: readonly Cell[], field: Dimension) =>
  [...new Set(cells.map(({ fields }) => fields[field] ?? ''))].filter((v) => v !== '').sort()
