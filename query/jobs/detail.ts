import { JOB_DEVICES_MAX, type JobAnswer, type JobDevice } from '#schemas/api-jobs.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { rangesOf } from '../device-count.ts'
import { type Filters, parseFilters } from '../filters.ts'
import { frame, settledWindow } from '../fleet.ts'
import { type Cell, type LedgerDeps, totalOf } from '../ledger/cells.ts'
import { hoursOf, inSeconds } from '../ledger/figures.ts'
import { statesFinalUntil } from '../ledger/ledger.ts'
import { lossesOf, moneyByLine, throttledByCause } from '../ledger/loss.ts'
import { moneyOf } from '../ledger/money.ts'
import { planOf } from '../plan-of.ts'
import { jobDevices } from '../queries/jobs.ts'
import type { PublishedMinutes } from '../resolution.ts'
import { timeByState } from '../state-sums.ts'
import { ratioOf, tierOf, utilizationOf } from '../sums.ts'
import type { TimeWindow } from '../window.ts'
import { jobFigures } from './figures.ts'
import { readJobs, settledPart } from './list.ts'
import { type JobSpan, readEdges } from './spans.ts'

export interface JobQuestion {
  readonly job: string
  /** Absent = the cluster in which a job of this id held the most. */
  readonly cluster?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/**
 * GET /api/v1/jobs/{job}: one job in the settled part of a window, with its devices. Throws E_JOB_UNKNOWN,
 * E_RANGE_INVALID, E_QUERY_TOO_LARGE for too many changes of prices, E_JOURNAL_AWAY before the journal was ever read, and
 * the reader's errors.
 */
export async function jobAnswer(deps: LedgerDeps, asked: JobQuestion): Promise<JobAnswer> {
  const { window: whole, published } = await settledWindow(deps, asked)
  const window = settledPart(whole, published)
  const read = await readJobs(deps, { window, published, filters: jobFilter(asked.job) })
  const span = spanOf(read.spans, read.cells, asked.cluster)
  if (window === null || span === undefined) throw unknown(asked)
  const cells = read.cells.filter(({ key }) => key['cluster'] === span.cluster)
  const filters = jobFilter(asked.job, span.cluster)
  const [edges, rows] = await Promise.all([
    readEdges(deps, { window, filters }, span),
    readDevices(deps, { window, published, filters }),
  ])
  const [edge = span] = edges
  // Who was there only in the middle of a long run is in no edge.
  const exact = { ...edge, devices: span.devices, nodes: span.nodes }
  const totals = totalOf(cells)
  const losses = lossesOf(cells, read.owners.billing)
  return {
    ...frame(deps, { window, plan: read.plan, published }),
    states_final_until: statesFinalUntil(published),
    job: jobFigures(cells, exact, read.owners),
    also_in: read.spans
      .map(({ cluster }) => cluster)
      .filter((cluster) => cluster !== span.cluster)
      .sort(),
    ledger: inSeconds(timeByState(totals)),
    by_state: moneyByLine(losses),
    throttled_by_cause: throttledByCause(cells),
    payers: { ours: moneyOf(losses.ours), customer: moneyOf(losses.customer) },
    energy: energyOf(rows),
    devices: rows.map(deviceOf),
  }
}

const unknown = ({ job, cluster }: JobQuestion) =>
  new PlimsollError(
    'E_JOB_UNKNOWN',
    `no job ${JSON.stringify(job)} held a device${cluster === undefined ? '' : ` of cluster ${JSON.stringify(cluster)}`} in this window`,
  )

const jobFilter = (job: string, cluster?: string): Filters =>
  parseFilters([
    `job:eq:${job}`,
    'job:ne:',
    ...(cluster === undefined ? [] : [`cluster:eq:${cluster}`]),
  ])

/** The span in the cluster that was asked for, else where the job held the most. */
function spanOf(
  spans: readonly JobSpan[],
  cells: readonly Cell[],
  cluster: string | undefined,
): JobSpan | undefined {
  if (cluster !== undefined) return spans.find((span) => span.cluster === cluster)
  const held = (span: JobSpan) =>
    totalOf(cells.filter(({ key }) => key['cluster'] === span.cluster)).capacity
  return spans.toSorted((a, b) => Number(held(b) - held(a)))[0]
}

type DeviceRow = Awaited<ReturnType<typeof jobDevices.run>>[number]

async function readDevices(
  deps: LedgerDeps,
  question: {
    readonly window: TimeWindow
    readonly published: PublishedMinutes
    readonly filters: Filters
  },
): Promise<DeviceRow[]> {
  const { window, published, filters } = question
  const plan = await planOf(deps, { ...window, fields: ['job'], stepMs: null }, published)
  return jobDevices.run(deps.reader, {
    ...filters.params,
    ...rangesOf(plan),
    from_s: window.fromMs / 1000,
    to_s: window.toMs / 1000,
    limit: JOB_DEVICES_MAX,
  })
}

function deviceOf(row: DeviceRow): JobDevice {
  const { utilization, coverage } = utilizationOf({ ...row, busyX1000: row.busy })
  return {
    device_id: row.id,
    node: row.of_node,
    rack: row.of_rack,
    index: row.of_index,
    gpu_hours: hoursOf(row.capacity * 1000n),
    utilization,
    coverage,
    active: tierOf(row.active, row.active_known, row.capacity).value,
    effective: tierOf(row.effective, row.effective_known, row.capacity).value,
    idle_hours: hoursOf(row.idle_held * 1000n),
    power_watts: row.power_known > 0n ? Number(row.power / row.power_known) / 1000 : null,
  }
}

/** Milliwatt milliseconds in a kilowatt hour. */
const MW_MS_PER_KWH = 3.6e12

function energyOf(rows: readonly DeviceRow[]): JobAnswer['energy'] {
  const sum = (of: (row: DeviceRow) => bigint) => rows.reduce((total, row) => total + of(row), 0n)
  const [power, known] = [sum((row) => row.power), sum((row) => row.power_known)]
  const capacity = sum((row) => row.capacity)
  return {
    kwh: Number(power) / MW_MS_PER_KWH,
    coverage: ratioOf(known < capacity ? known : capacity, capacity),
    watts_per_device: known > 0n ? Number(power / known) / 1000 : null,
  }
}
