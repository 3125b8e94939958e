import type { Allocation } from '#schemas/journal.ts'
import { Billing } from '#schemas/billing.ts'
import { DEVICE_COLUMNS, type DeviceCells, type DeviceColumn, deviceCells } from './device-cells.ts'
import { overlapsOf } from './overlaps.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { type Columns, readTable, RowReader } from './table.ts'

type Column =
  | DeviceColumn
  | (
      | 'holder'
      | 'job'
      | 'tenant'
      | 'account'
      | 'queue'
      | 'class'
      | 'billing'
      | 'from'
      | 'to'
      | 'share'
    )

const COLUMNS: Columns<Column> = {
  ...DEVICE_COLUMNS,
  holder: ['jobid', 'lease', 'leaseid', 'pod', 'allocation', '持有者'],
  job: ['jobname', '作业'],
  tenant: ['customer', '租户'],
  account: ['project', '账户'],
  queue: ['partition', 'namespace', '队列'],
  class: ['workload', 'workloadclass', '类别'],
  billing: ['payer', '计费'],
  from: ['start', 'starttime', 'begin', 'since', '开始'],
  to: ['end', 'endtime', 'until', '结束'],
  share: ['fraction', 'part', '份额'],
}

export interface AllocationsCsvOptions {
  /** IANA zone of times without an offset. */
  readonly timeZone: string
  /** Devices may be held by several at once, without shares: each then counts for an equal part. */
  readonly shared: boolean
}

/** What a file says about who holds what. */
export interface AllocationsFile {
  readonly allocations: readonly Allocation[]
  readonly problems: ProblemReport
}

interface Row {
  readonly line: number
  readonly allocation: Allocation
}

/**
 * Reads `allocations.csv` (docs/attribution.md). Rows are refused one by one: without a device or a holder, with an
 * end before the start, the same interval twice, or two holders at one time without shares.
 */
export function readAllocationsCsv(text: string, options: AllocationsCsvOptions): AllocationsFile {
  const problems = new Problems()
  const rows: Row[] = []
  for (const row of readTable(text, COLUMNS, problems)) {
    const reader = new RowReader<Column>(row, options.timeZone)
    const allocation = allocationOf(reader)
    if (reader.wrong === null) rows.push({ line: row.line, allocation })
    else problems.refuse(`line ${row.line}`, reader.wrong)
  }
  const once = withoutRepeats(rows, problems)
  const left = options.shared ? once : withoutOverlaps(once, problems)
  return { allocations: left.map(({ allocation }) => allocation), problems: problems.report() }
}

function allocationOf(reader: RowReader<Column>): Allocation {
  const device = deviceCells(reader)
  const [holder, job] = [reader.text('holder', 128), reader.text('job')]
  const [from_ms, to_ms] = [reader.neededTime('from'), reader.time('to')]
  if (holder === '' && job === '') reader.refuse('names no holder: give a job, pod or lease id')
  if (to_ms !== null && to_ms < from_ms) reader.refuse('ends before it begins; correct from or to')
  return {
    ...device,
    holder: holder === '' ? job.slice(0, 128) : holder,
    job: job === '' ? holder : job,
    tenant: reader.text('tenant'),
    account: reader.text('account'),
    queue: reader.text('queue'),
    class: reader.text('class').toLowerCase(),
    billing: reader.choice('billing', Billing.options) ?? 'unknown',
    source: 'csv',
    confidence: confidenceOf(device),
    from_ms,
    to_ms,
    share: reader.number('share', { min: 1e-6, max: 1 }),
  }
}

/** A key is a device wherever it is; an index is its place, which can change; a node is all of its devices. */
function confidenceOf({ key, index }: DeviceCells): Allocation['confidence'] {
  if (key !== '') return 'exact'
  return index === null ? 'node' : 'derived'
}

function withoutRepeats(rows: readonly Row[], problems: Problems): Row[] {
  const lines = new Map<string, number>()
  return rows.filter(({ line, allocation: { key, node, index, holder, from_ms } }) => {
    const name = JSON.stringify([key, key === '' ? node : '', index, holder, from_ms])
    const first = lines.get(name)
    lines.set(name, first ?? line)
    if (first !== undefined)
      problems.refuse(`line ${line}`, `says the same interval as line ${first}; keep one of them`)
    return first === undefined
  })
}

function withoutOverlaps(rows: readonly Row[], problems: Problems): Row[] {
  const overlaps = overlapsOf(rows.map(({ line, allocation }) => ({ line, ...allocation })))
  for (const { line, message } of overlaps) problems.refuse(`line ${line}`, message)
  const refused = new Set(overlaps.map(({ line }) => line))
  return rows.filter(({ line }) => !refused.has(line))
}
