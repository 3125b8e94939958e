import type { Reader } from '#schemas/ports.ts'
import type { Dimension, Filters } from './filters.ts'
import { keyParams, readProvisional } from './fleet-sums.ts'
import { localDayStarts } from './local-day.ts'
import { type PlanDeps, planOf } from './plan-of.ts'
import { capacityDeviceCount, fleetDeviceCount, NO_COLUMNS } from './queries/fleet-sums.ts'
import { ledgerDeviceCount } from './queries/ledger-device-count.ts'
import type { LedgerTable, Plan, PublishedMinutes } from './resolution.ts'
import { rowKey } from './sums.ts'
import type { TimeWindow } from './window.ts'

/** Who held a device: its description does not know. */
const HOLDER_FIELDS: ReadonlySet<Dimension> = new Set<Dimension>([
  'tenant',
  'job',
  'class',
  'allocation_source',
  'billing',
])

interface CountQuestion {
  readonly window: TimeWindow
  readonly published: PublishedMinutes
  readonly groupBy: readonly Dimension[]
  readonly filters: Filters
}

/**
 * Distinct devices with capacity in the window, by rowKey. Where holders are asked for, devices that were only seen in
 * minutes that are not settled yet count as far as they are more than those of the settled ones.
 */
export async function countDevices(
  deps: PlanDeps & { readonly reader: Reader },
  question: CountQuestion,
): Promise<Map<string, number>> {
  const { reader } = deps
  const { groupBy, filters, window } = question
  const range = { from_ms: window.fromMs, to_ms: window.toMs }
  const fields = [...groupBy, ...filters.fields]
  if (fields.length === 0) {
    const rows = await capacityDeviceCount.run(reader, range)
    return new Map(rows.map((row) => [rowKey([], groupBy), row.devices]))
  }
  if (fields.some((field) => HOLDER_FIELDS.has(field))) return countHeld(deps, question)
  const asked = { ...filters.params, ...keyParams(groupBy), ...range }
  const rows = await fleetDeviceCount.run(reader, asked)
  return new Map(rows.map((row) => [rowKey(row.keys, groupBy), row.devices]))
}

async function countHeld(
  deps: PlanDeps & { readonly reader: Reader },
  { window, published, groupBy, filters }: CountQuestion,
): Promise<Map<string, number>> {
  // By job, because only tables of devices can tell devices apart.
  const asked = { ...window, fields: ['job'] as const, stepMs: null }
  const plan = await planOf(deps, asked, published)
  const grouping = { groupBy, filters, t0Ms: window.fromMs, stepMs: 0, bySource: false }
  const [settled, fresh] = await Promise.all([
    plan.segments.length === 0
      ? []
      : ledgerDeviceCount.run(deps.reader, {
          ...filters.params,
          ...keyParams(groupBy),
          from_s: window.fromMs / 1000,
          to_s: window.toMs / 1000,
          ...rangesOf(plan),
        }),
    plan.provisional === null
      ? []
      : readProvisional(deps.reader, plan.provisional, { ...grouping, columns: NO_COLUMNS }),
  ])
  const counts = new Map<string, number>()
  for (const row of [...settled, ...fresh]) {
    const id = rowKey(row.keys, groupBy)
    counts.set(id, Math.max(counts.get(id) ?? 0, row.devices))
  }
  return counts
}

const EMPTY: TimeWindow = { fromMs: 0, toMs: 0 }

/** Parts of the window by table, as the statements over several tables bind them. */
export function rangesOf({ segments, timeZone }: Pick<Plan, 'segments' | 'timeZone'>) {
  const of = (table: LedgerTable) => segments.filter((segment) => segment.table === table)
  const [m1 = EMPTY, m2 = EMPTY, m3 = EMPTY, m4 = EMPTY] = of('ledger_1m')
  const [h1 = EMPTY, h2 = EMPTY] = of('ledger_1h')
  const days = of('ledger_1d').flatMap((days) => localDayStarts(days, timeZone))
  return {
    m1_from_s: m1.fromMs / 1000,
    m1_to_s: m1.toMs / 1000,
    m2_from_s: m2.fromMs / 1000,
    m2_to_s: m2.toMs / 1000,
    m3_from_s: m3.fromMs / 1000,
    m3_to_s: m3.toMs / 1000,
    m4_from_s: m4.fromMs / 1000,
    m4_to_s: m4.toMs / 1000,
    h1_from_s: h1.fromMs / 1000,
    h1_to_s: h1.toMs / 1000,
    h2_from_s: h2.fromMs / 1000,
    h2_to_s: h2.toMs / 1000,
    days_s: days.map((ms) => ms / 1000),
  }
}
