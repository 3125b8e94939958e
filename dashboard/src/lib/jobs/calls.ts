import type { JobAnswer, JobsAnswer } from '#schemas/api-jobs.ts'
import type { OwnersAnswer } from '#schemas/api-ledger.ts'
import type { FleetSummary, SeriesAnswer } from '#schemas/api.ts'
import { apiUrl, type Filter, fleetSummary, get } from '#lib/api.ts'
import type { Asked } from '#lib/loss/calls.ts'
import { filtersOf, JOBS_PAGE, type JobsQuestion, orderText } from './question.ts'

/** What the pages of jobs ask of the API. */

export const jobs = (asked: Asked, question: JobsQuestion, signal: AbortSignal) =>
  get<JobsAnswer>(
    apiUrl(
      'jobs',
      {
        ...asked,
        state: question.state,
        low: question.low ? 'true' : null,
        devices_min: question.devicesMin > 1 ? question.devicesMin : null,
        sort: orderText(question.order),
        limit: JOBS_PAGE,
        cursor: question.cursor,
      },
      filtersOf(question),
    ),
    signal,
  )

export const job = (name: string, cluster: string | null, asked: Asked, signal: AbortSignal) =>
  get<JobAnswer>(apiUrl(`jobs/${encodeURIComponent(name)}`, { ...asked, cluster }), signal)

const POINTS = 240
export const TIERS = ['utilization', 'active', 'effective'] as const

/** The tiers of a job over the window of its answer. */
export function jobSeries(
  { job: name, cluster }: { readonly job: string; readonly cluster: string },
  window: { readonly from: string; readonly to: string },
  signal: AbortSignal,
): Promise<SeriesAnswer[]> {
  const filters: Filter[] = [
    { field: 'job', op: 'eq', value: name },
    { field: 'cluster', op: 'eq', value: cluster },
  ]
  return Promise.all(
    TIERS.map((metric) =>
      get<SeriesAnswer>(
        apiUrl(
          'fleet/series',
          { metric, from: Date.parse(window.from), to: Date.parse(window.to), points: POINTS },
          filters,
        ),
        signal,
      ),
    ),
  )
}

export const tenantsOver = (asked: Asked, signal: AbortSignal) =>
  get<OwnersAnswer>(apiUrl('owners', { ...asked }), signal)

const DAY_MS = 86_400_000
export const TREND_DAYS = 28
const WEEK_DAYS = 7

/** Four weeks of every tenant: by day, and what the last one and the three before it were. */
export interface TenantTrends {
  readonly days: SeriesAnswer
  readonly lately: FleetSummary
  readonly before: FleetSummary
}

/** Weeks are asked for as such: a mean of days would be a mean of means. */
export async function tenantTrends(toMs: number, signal: AbortSignal): Promise<TenantTrends> {
  const [start, week] = [toMs - TREND_DAYS * DAY_MS, toMs - WEEK_DAYS * DAY_MS]
  const [days, lately, before] = await Promise.all([
    get<SeriesAnswer>(
      apiUrl('fleet/series', {
        metric: 'utilization',
        group_by: 'tenant',
        from: start,
        to: toMs,
        points: TREND_DAYS + 1,
      }),
      signal,
    ),
    fleetSummary('tenant', { fromMs: week, toMs }, signal),
    fleetSummary('tenant', { fromMs: start, toMs: week }, signal),
  ])
  return { days, lately, before }
}
