import { JOB_ORDERS, type JobOrder, LOW_JOB } from '#schemas/orders.ts'
import type { JobFigures, JobsAnswer } from '#schemas/api-jobs.ts'
import { cursorOffset, nextCursor } from '../cursor.ts'
import { type Filters, parseFilters } from '../filters.ts'
import { frame, settledWindow } from '../fleet.ts'
import { TIER_COLUMNS } from '../fleet-metrics.ts'
import { bookOf, type Cells, type LedgerDeps, readCells } from '../ledger/cells.ts'
import { statesFinalUntil } from '../ledger/ledger.ts'
import type { PublishedMinutes } from '../resolution.ts'
import type { TimeWindow } from '../window.ts'
import { JOB_FIELDS, JOB_MORE, type JobOwners, jobOwners, jobsOf } from './figures.ts'
import { type JobSpan, readSpans } from './spans.ts'

export const JOBS_LIMIT_MAX = 500

export interface JobsQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly filters: readonly string[]
  readonly state?: 'running' | 'ended' | undefined
  /** Only jobs below the floors. */
  readonly low: boolean
  readonly devicesMin: number
  readonly sort: JobOrder | `-${JobOrder}`
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * GET /api/v1/jobs: what held devices in the settled part of a window, by cluster and id. Throws E_RANGE_INVALID,
 * E_FILTER_INVALID, E_CURSOR_INVALID, E_QUERY_TOO_LARGE for too many changes of prices, E_JOURNAL_AWAY before the
 * journal was ever read, and the reader's errors.
 */
export async function jobsAnswer(deps: LedgerDeps, asked: JobsQuestion): Promise<JobsAnswer> {
  const { limit, cursor, ...mark } = asked
  const filters = parseFilters([...asked.filters, 'job:ne:'])
  const offset = cursorOffset(mark, cursor)
  const { window, published } = await settledWindow(deps, asked)
  const settled = settledPart(window, published)
  const read = await readJobs(deps, { window: settled, published, filters })
  const fitting = jobsOf(read).filter(({ devices }) => devices >= asked.devicesMin)
  const jobs = fitting
    .filter(({ is_low }) => is_low || !asked.low)
    .filter(({ state }) => asked.state === undefined || state === asked.state)
    .sort(orderOf(asked.sort))
  const page = jobs.slice(offset, offset + limit)
  return {
    ...frame(deps, { window: settled ?? window, plan: read.plan, published }),
    states_final_until: statesFinalUntil(published),
    jobs: page,
    total: jobs.length,
    next_cursor: nextCursor(mark, { offset, given: page.length, total: jobs.length }),
    counts: {
      running: fitting.filter(({ state }) => state === 'running').length,
      ended: fitting.filter(({ state }) => state === 'ended').length,
      low: fitting.filter(({ is_low }) => is_low).length,
    },
    floors: LOW_JOB,
  }
}

/** The part of a window in which minutes are settled; null = none of it. */
export function settledPart(
  { fromMs, toMs }: TimeWindow,
  { settledUntilMs }: PublishedMinutes,
): TimeWindow | null {
  const endMs = Math.min(toMs, settledUntilMs ?? fromMs)
  return endMs > fromMs ? { fromMs, toMs: endMs } : null
}

export interface JobsRead extends Pick<Cells, 'cells'> {
  readonly spans: readonly JobSpan[]
  readonly owners: JobOwners
  readonly plan: Pick<Cells['plan'], 'resolution' | 'provisional'>
}

/** The sums that jobs of settled time are made from, and their spans. */
export async function readJobs(
  deps: LedgerDeps,
  question: {
    readonly window: TimeWindow | null
    readonly published: PublishedMinutes
    readonly filters: Filters
  },
): Promise<JobsRead> {
  const { window, published, filters } = question
  const documents = await deps.documents()
  const owners = jobOwners(documents.owners)
  if (window === null)
    return { cells: [], spans: [], owners, plan: { resolution: 'raw', provisional: null } }
  const [{ cells, plan }, spans] = await Promise.all([
    readCells(deps, {
      window,
      published,
      filters,
      groupBy: JOB_FIELDS,
      more: JOB_MORE,
      columns: TIER_COLUMNS,
      prices: bookOf(documents),
    }),
    readSpans(deps, { window, published, filters }),
  ])
  return { cells, spans, owners, plan }
}

type Value = number | string | null

const FIGURES: Readonly<Record<JobOrder, (job: JobFigures) => Value>> = {
  lost_usd: ({ lost }) => lost.usd,
  idle_hours: ({ idle_held: idle }) => idle.gpu_hours,
  gpu_hours: (job) => job.gpu_hours,
  devices: (job) => job.devices,
  utilization: (job) => job.utilization,
  active: ({ active }) => active.value,
  effective: ({ effective }) => effective.value,
  coverage: (job) => job.coverage,
  // What was there before the window began first.
  started_at: ({ started_at }) => started_at ?? '',
  job: ({ job }) => job,
  tenant: ({ display_name }) => display_name,
}

/** By a figure, jobs without it last whichever way the order goes; then the largest. */
function orderOf(sort: JobsQuestion['sort']): (a: JobFigures, b: JobFigures) => number {
  const order = JOB_ORDERS.find((known) => sort === known || sort === `-${known}`) ?? 'lost_usd'
  const figure = FIGURES[order]
  const sign = sort === order ? 1 : -1
  return (a, b) => {
    const [x, y] = [figure(a), figure(b)]
    const byFigure =
      x === null || y === null
        ? Number(x === null) - Number(y === null)
        : x === y
          ? 0
          : sign * (x < y ? -1 : 1)
    return byFigure || b.gpu_hours - a.gpu_hours || (a.job < b.job ? -1 : 1)
  }
}
