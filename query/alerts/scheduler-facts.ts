import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { RunningOf, SchedulerFacts, WaitingOf } from '#schemas/alerts/scheduler-facts.ts'
import { ownerMatcher } from '#schemas/owner-match.ts'
import type { SchedulerTold } from '#schemas/scheduler-book.ts'
import type { SchedulerJob } from '#schemas/scheduler-job.ts'
import { parseFilters } from '../filters.ts'
import { readCells } from '../ledger/cells.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { contingencyJobs } from '../queries/explain.ts'
import type { SignalDeps } from './signal.ts'

const SLICE_MS = 300_000
/** A scheduler that said nothing for longer is not known to be as it was; it speaks every quarter of an hour. */
const HEARD_MS = 45 * 60_000

/**
 * What schedulers say of a scope, over its newest settled slice. Null when none was heard lately, or nothing is settled.
 * `filters` are those of the scope. Rejects as the reader does.
 */
export async function schedulerFacts(
  deps: SignalDeps,
  told: SchedulerTold,
  { labels, filters }: { readonly labels: AlertLabels; readonly filters: readonly string[] },
): Promise<SchedulerFacts | null> {
  const heard = [...told.clusters].filter(
    ([cluster, { toldMs }]) =>
      deps.clock() - toldMs <= HEARD_MS &&
      (labels.cluster === undefined || cluster === '' || cluster === labels.cluster),
  )
  const published = await deps.published()
  const { settledUntilMs, firstMinuteMs } = published
  const toMs = Math.floor((settledUntilMs ?? 0) / SLICE_MS) * SLICE_MS
  const window = { fromMs: toMs - SLICE_MS, toMs }
  if (heard.length === 0 || firstMinuteMs === null || window.fromMs < firstMinuteMs) return null
  const bound = parseFilters(filters)
  const slice = { from_s: window.fromMs / 1000, to_s: toMs / 1000 }
  const [rows, free, { owners }] = await Promise.all([
    contingencyJobs.run(deps.reader, { ...bound.params, ...slice }),
    readCells(deps, {
      window,
      published,
      groupBy: ['hall', 'pool'],
      filters: bound,
      more: [],
      columns: NO_COLUMNS,
      prices: null,
    }),
    deps.documents(),
  ])
  const tenantOf = tenants(ownerMatcher(owners))
  const jobs = new Map(heard.flatMap(([cluster, one]) => byName(cluster, one.jobs.values())))
  return {
    running: rows.flatMap((row): RunningOf[] => {
      // A cluster without a name is the only one.
      const job = jobs.get(nameKey(row.cluster, row.job)) ?? jobs.get(nameKey('', row.job))
      if (row.job === '' || job === undefined || job.started_ms === null) return []
      const devices = row.capacity_ms / SLICE_MS
      const busyDevices = row.busy_ms_x1000 / 1000 / SLICE_MS
      const { cluster, tenant } = row
      const { queue, started_ms: startedMs, limit_ms: limitMs } = job
      return [{ job: row.job, cluster, tenant, queue, devices, busyDevices, startedMs, limitMs }]
    }),
    waiting: heard
      .flatMap(([, one]) => [...one.jobs.values()])
      .filter(({ started_ms }) => started_ms === null)
      .map((job) => ({ ...waitingOf(job), tenant: tenantOf(job) }))
      .filter(({ tenant }) => labels.tenant === undefined || tenant === labels.tenant)
      .sort((a, b) => (a.submittedMs ?? Infinity) - (b.submittedMs ?? Infinity)),
    free: free.cells.flatMap(({ key, totals }) => {
      const devices = Number(totals.states.unallocated_ms) / SLICE_MS
      return devices > 0 ? { hall: key['hall'] ?? '', pool: key['pool'] ?? '', devices } : []
    }),
    ended: told.ended.map((run) => ({ ...run, tenant: tenantOf(run) })),
    begun: told.begun,
  }
}

const nameKey = (cluster: string, job: string) => JSON.stringify([cluster, job])

const byName = (cluster: string, jobs: Iterable<SchedulerJob>) =>
  [...jobs].map((job) => [nameKey(cluster, job.job), job] as const)

const waitingOf = ({
  job,
  queue,
  devices,
  tasks,
  submitted_ms,
}: SchedulerJob): Omit<WaitingOf, 'tenant'> => ({
  job,
  queue,
  devices,
  tasks,
  submittedMs: submitted_ms,
})

type Matcher = ReturnType<typeof ownerMatcher>
const tenants =
  (match: Matcher) =>
  ({ account, queue }: { readonly account: string; readonly queue: string }): string =>
    match({ tenant: '', account, namespace: '', queue }).tenant
