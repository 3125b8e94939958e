import type { Reader } from '#schemas/ports.ts'
import type { Dimension, FieldPlace, Filters } from './filters.ts'
import { localDayStarts, nextLocalDayStart } from './local-day.ts'
import {
  fleetDeviceStates,
  fleetGroupStates,
  fleetProvisionalStates,
} from './queries/fleet-states.ts'
import {
  type FigureColumns,
  fleetDeviceSums,
  fleetGroupSums,
  fleetProvisionalSums,
  type ProvisionalRow,
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
  /** Whether the nine states are read beside it. */
  readonly states?: boolean
}

export interface GroupSums {
  readonly key: Record<string, string>
  /** By step. */
  readonly steps: Map<number, Sums>
}

const BUCKET_MS: Readonly<Record<LedgerTable, number>> = {
  ledger_1m_group: MINUTE_MS,
  ledger_1m: MINUTE_MS,
  ledger_1h: HOUR_MS,
  ledger_1h_node: HOUR_MS,
  ledger_1d: DAY_MS,
  ledger_1d_node: DAY_MS,
}

/**
 * Time of a group's buckets in one read, ms. Local days are 23 to 25 hours long: exact for days without a
 * gap, and for others except that a day on which clocks change counts as 24 hours.
 */
function timeOf(row: SumsRow, table: LedgerTable, dayAfter: (ms: number) => number): number {
  const [firstMs, lastMs] = [row.first_bucket_s * 1000, row.last_bucket_s * 1000]
  const bucketMs = BUCKET_MS[table]
  const endMs = holdsDays(table) ? dayAfter(lastMs) : lastMs + bucketMs
  const isWhole = Math.round((endMs - firstMs) / bucketMs) === row.buckets
  return isWhole ? endMs - firstMs : row.buckets * bucketMs
}

/** nextLocalDayStart, worked out once for each start: thousands of groups end on the same day. */
function nextDays(timeZone: string): (ms: number) => number {
  const known = new Map<number, number>()
  return (ms) => {
    const day = known.get(ms) ?? nextLocalDayStart(ms, timeZone)
    known.set(ms, day)
    return day
  }
}

const DEVICE_TABLES = {
  ledger_1m: '1m',
  ledger_1h: '1h',
  ledger_1h_node: '1h_node',
  ledger_1d: '1d',
  ledger_1d_node: '1d_node',
} as const

const holdsDays = (table: LedgerTable) => BUCKET_MS[table] === DAY_MS

/** Places of group_by as the queries bind them. */
export function keyParams(groupBy: readonly FieldPlace[]) {
  const [k1 = 'none', k2 = 'none', k3 = 'none', k4 = 'none'] = groupBy
  return { k1, k2, k3, k4 }
}

/** The places that only queries with states have. */
function moreKeyParams(groupBy: readonly FieldPlace[]) {
  const [k5 = 'none', k6 = 'none', k7 = 'none'] = groupBy.slice(4)
  return { k5, k6, k7 }
}

/** Reads every part of a plan and adds the integer sums up, by group (rowKey) and step. */
export async function readSums(
  reader: Reader,
  plan: Plan,
  grouping: Grouping,
): Promise<Map<string, GroupSums>> {
  const { groupBy, bySource } = grouping
  const reads = readsOf(plan.segments)
  const [provisional, ...settled] = await Promise.all([
    plan.provisional === null ? [] : readProvisional(reader, plan.provisional, grouping),
    ...reads.map((read) => readTable(reader, { ...read, timeZone: plan.timeZone }, grouping)),
  ])
  const groups = new Map<string, GroupSums>()
  const dayAfter = nextDays(plan.timeZone)
  reads.forEach(({ table }, at) => {
    const spans = (row: SumsRow) => timeOf(row, table, dayAfter)
    addRows(groups, settled[at] ?? [], { groupBy, bySource, timeOf: spans })
  })
  const ofMinutes = (row: SumsRow) => timeOf(row, 'ledger_1m', dayAfter)
  addRows(groups, provisional, { groupBy, bySource, timeOf: ofMinutes })
  return groups
}

/** One statement: a window of a table, without the part that another table answers. */
interface TableRead extends TimeWindow {
  readonly table: LedgerTable
  readonly hole: TimeWindow
}

/** The two edges round a coarser middle are one statement: a statement costs more than its rows. */
function readsOf(segments: readonly Segment[]): TableRead[] {
  return [...Map.groupBy(segments, ({ table }) => table)].flatMap(([table, parts]) => {
    const reads: TableRead[] = []
    for (let at = 0; at < parts.length; at += 2) {
      const [first, second] = parts.slice(at, at + 2)
      if (first === undefined) break
      const last = second ?? first
      const hole = { fromMs: first.toMs, toMs: second?.fromMs ?? first.toMs }
      reads.push({ table, fromMs: first.fromMs, toMs: last.toMs, hole })
    }
    return reads
  })
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

function readTable(
  reader: Reader,
  read: TableRead & Pick<Plan, 'timeZone'>,
  grouping: Grouping,
): Promise<readonly SumsRow[]> {
  const params = {
    ...groupingParams(grouping),
    from_s: read.fromMs / 1000,
    to_s: read.toMs / 1000,
    hole_from_s: read.hole.fromMs / 1000,
    hole_to_s: read.hole.toMs / 1000,
  }
  const { table } = read
  const more = moreKeyParams(grouping.groupBy)
  if (table === 'ledger_1m_group') {
    const asked = { ...params, resolution: '1m' } as const
    return grouping.states === true
      ? fleetGroupStates.run(reader, { ...asked, ...more })
      : fleetGroupSums.run(reader, asked)
  }
  const days = holdsDays(table) ? localDayStarts(read, read.timeZone) : []
  const days_s = days.map((ms) => ms / 1000)
  const asked = { ...params, days_s, resolution: DEVICE_TABLES[table], table }
  return grouping.states === true
    ? fleetDeviceStates.run(reader, { ...asked, ...more })
    : fleetDeviceSums.run(reader, asked)
}

/** Minutes not settled yet. Rows carry distinct devices too, exact for a window of one minute. */
export function readProvisional(
  reader: Reader,
  window: TimeWindow,
  grouping: Grouping,
): Promise<ProvisionalRow[]> {
  const asked = { ...groupingParams(grouping), from_ms: window.fromMs, to_ms: window.toMs }
  return grouping.states === true
    ? fleetProvisionalStates.run(reader, { ...asked, ...moreKeyParams(grouping.groupBy) })
    : fleetProvisionalSums.run(reader, asked)
}

/** Adds the rows of one read; those of one group and step differ in their source and share their time. */
function addRows(
  groups: Map<string, GroupSums>,
  rows: readonly SumsRow[],
  read: Pick<Grouping, 'groupBy' | 'bySource'> & { readonly timeOf: (row: SumsRow) => number },
): void {
  const timed = new Set<Sums>()
  for (const row of rows) {
    const id = rowKey(row.keys, read.groupBy)
    let group = groups.get(id)
    if (group === undefined) {
      group = { key: groupKey(row.keys, read.groupBy), steps: new Map() }
      groups.set(id, group)
    }
    let sums = group.steps.get(row.slot)
    if (sums === undefined) {
      sums = emptySums(read)
      group.steps.set(row.slot, sums)
    }
    addRow(sums, row)
    if (timed.has(sums)) continue
    timed.add(sums)
    sums.presentMs += read.timeOf(row)
  }
}
