import type { Reader } from '#schemas/ports.ts'
import type { Dimension, FieldPlace, Filters } from './filters.ts'
import {
  type FigureColumns,
  fleetDeviceSums,
  fleetGroupSums,
  fleetProvisionalSums,
  type SumsRow,
} from './queries/fleet-sums.ts'
import type { LedgerTable, Plan, Segment } from './resolution.ts'
import { addRow, emptySums, groupKey, rowKey, type Sums } from './sums.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type TimeWindow } from './window.ts'

/** What is asked of every table of a plan alike. */
export interface Grouping {
  readonly groupBy: readonly Dimension[]
  readonly filters: Filters
  /** The first step begins here. */
  readonly t0Ms: number
  /** 0 = one figure over the whole window, in step 0. */
  readonly stepMs: number
  /** What is summed beside capacity, known and busy time. */
  readonly columns: FigureColumns
  /** Whether known time is told apart by busy source. */
  readonly bySource: boolean
}

export interface GroupSums {
  readonly key: Record<string, string>
  /** By step. */
  readonly steps: Map<number, Sums>
}

const BUCKET_MS: Record<LedgerTable, number> = {
  ledger_1m_group: MINUTE_MS,
  ledger_1m: MINUTE_MS,
  ledger_1h: HOUR_MS,
  ledger_1d: DAY_MS,
}

const DEVICE_TABLES = { ledger_1m: '1m', ledger_1h: '1h', ledger_1d: '1d' } as const

/** Places of group_by as the queries bind them. */
export function keyParams(groupBy: readonly FieldPlace[]) {
  const [k1 = 'none', k2 = 'none', k3 = 'none', k4 = 'none'] = groupBy
  return { k1, k2, k3, k4 }
}

/** Reads every part of a plan and adds the integer sums up, by group (rowKey) and step. */
export async function readSums(
  reader: Reader,
  plan: Plan,
  grouping: Grouping,
): Promise<Map<string, GroupSums>> {
  const [provisional, ...settled] = await Promise.all([
    plan.provisional === null ? [] : readProvisional(reader, plan.provisional, grouping),
    ...plan.segments.map((segment) => readSegment(reader, segment, grouping)),
  ])
  const groups = new Map<string, GroupSums>()
  plan.segments.forEach((segment, at) =>
    addRows(groups, settled[at] ?? [], { grouping, bucketMs: BUCKET_MS[segment.table] }),
  )
  addRows(groups, provisional, { grouping, bucketMs: MINUTE_MS })
  return groups
}

function groupingParams(grouping: Grouping) {
  return {
    ...grouping.filters.params,
    ...keyParams(grouping.groupBy),
    ...grouping.columns,
    t0_s: grouping.t0Ms / 1000,
    step_s: grouping.stepMs / 1000,
    by_source: grouping.bySource ? 1 : 0,
  }
}

function readSegment(reader: Reader, segment: Segment, grouping: Grouping): Promise<SumsRow[]> {
  const params = {
    ...groupingParams(grouping),
    from_s: segment.fromMs / 1000,
    to_s: segment.toMs / 1000,
  }
  const { table } = segment
  return table === 'ledger_1m_group'
    ? fleetGroupSums.run(reader, { ...params, resolution: '1m' })
    : fleetDeviceSums.run(reader, { ...params, resolution: DEVICE_TABLES[table], table })
}

/** Minutes not settled yet. Rows carry distinct devices too, exact for a window of one minute. */
export function readProvisional(reader: Reader, window: TimeWindow, grouping: Grouping) {
  return fleetProvisionalSums.run(reader, {
    ...groupingParams(grouping),
    from_ms: window.fromMs,
    to_ms: window.toMs,
  })
}

function addRows(
  groups: Map<string, GroupSums>,
  rows: readonly SumsRow[],
  { grouping, bucketMs }: { readonly grouping: Grouping; readonly bucketMs: number },
): void {
  for (const row of rows) {
    const id = rowKey(row)
    let group = groups.get(id)
    if (group === undefined) {
      group = { key: groupKey(row, grouping.groupBy), steps: new Map() }
      groups.set(id, group)
    }
    let sums = group.steps.get(row.slot)
    if (sums === undefined) {
      sums = emptySums()
      group.steps.set(row.slot, sums)
    }
    addRow(sums, row, bucketMs)
  }
}
