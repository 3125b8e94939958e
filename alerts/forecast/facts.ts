import type { PlannedOutage } from '#schemas/alerts/planned.ts'
import type { SchedulerFacts, WaitingOf } from '#schemas/alerts/scheduler-facts.ts'
import { type KnownFacts, type LimitUse, NOTHING_KNOWN, type Refill } from './known.ts'

/** Newest uses of their limits that are kept of a tenant and queue. */
const USES_MAX = 200
const HOUR_MS = 3_600_000
/** How far ahead what waits today is compared with what then runs. */
const AHEAD_MS = [0.5, 1, 2, 4, 8, 24].map((hours) => hours * HOUR_MS)
/** Devices of a job that ended are taken again within this, or counted as not taken. */
const TAKEN_WITHIN_MS = HOUR_MS / 2
/** Ends that are looked at: the newest and largest say enough. */
const ENDS_MAX = 200
/** Of fewer ends nothing is learned. */
const ENDS_MIN = 5
/** What jobs of a tenant that runs none are taken to be busy with, before anything is known of the scope. */
const BUSY_WITHOUT_HISTORY = 0.7

/**
 * What schedulers tell and people plan, as known facts of a forecast. `utilization` is the scope's own now: what its
 * devices would be busy with if they were not taken away.
 */
export function knownFacts(
  told: SchedulerFacts | null,
  planned: { readonly outages: readonly PlannedOutage[]; readonly utilization: number | null },
): KnownFacts {
  const plans = planned.outages.map(({ name, devices, fromMs, toMs, kind }) => ({
    // A reason such as `cable` says little by itself.
    name: kind === 'drain' ? `drain: ${name}` : name,
    devices,
    utilization: planned.utilization ?? BUSY_WITHOUT_HISTORY,
    fromMs,
    toMs,
  }))
  if (told === null) return { ...NOTHING_KNOWN, plans }
  const utilizationOf = busyByTenant(told)
  return {
    jobs: told.running
      .filter(({ devices }) => devices > 0)
      .map(({ job, tenant, queue, devices, busyDevices, startedMs, limitMs }) => ({
        name: job,
        tenant,
        queue,
        devices,
        utilization: Math.min(1, busyDevices / devices),
        startedMs,
        endsMs: null,
        limitMs,
      })),
    waiting: told.waiting.map((job) => ({
      name: job.job,
      tenant: job.tenant,
      devices: job.devices,
      tasks: job.tasks,
      utilization: utilizationOf(job),
    })),
    plans,
    limitUse: limitUseOf(told.ended),
    refills: refillsOf(told.ended, told.begun),
    freeDevices: Math.floor(told.free.reduce((sum, { devices }) => sum + devices, 0)),
  }
}

/** Busy share of the jobs that a tenant runs; of others that of the scope. */
function busyByTenant({ running }: SchedulerFacts): (job: WaitingOf) => number {
  const share = (jobs: SchedulerFacts['running']) => {
    const devices = jobs.reduce((sum, job) => sum + job.devices, 0)
    return devices === 0 ? null : jobs.reduce((sum, job) => sum + job.busyDevices, 0) / devices
  }
  const all = share(running) ?? BUSY_WITHOUT_HISTORY
  const tenants = new Map(
    [...Map.groupBy(running, ({ tenant }) => tenant)].map(([name, jobs]) => [name, share(jobs)]),
  )
  return ({ tenant }) => Math.min(1, tenants.get(tenant) ?? all)
}

/** How much of their limits jobs used, by tenant and queue, ascending. */
export function limitUseOf(ended: SchedulerFacts['ended']): LimitUse[] {
  const groups = Map.groupBy(
    ended.filter(({ limitMs }) => limitMs !== null),
    ({ tenant, queue }) => JSON.stringify([tenant, queue]),
  )
  return [...groups.values()].flatMap((runs) => {
    const [first] = runs
    if (first === undefined) return []
    const ratios = runs
      .slice(-USES_MAX)
      .map(({ startedMs, endedMs, limitMs }) =>
        limitMs === null ? 1 : Math.min(1, Math.max(0, (endedMs - startedMs) / limitMs)),
      )
    return { tenant: first.tenant, queue: first.queue, ratios: ratios.toSorted((a, b) => a - b) }
  })
}

/**
 * Of the devices that ended jobs left, the share that within half an hour went to jobs which so long before were not yet
 * waiting. What ended at the same time shares what then began.
 */
export function refillsOf(
  ended: readonly { readonly devices: number; readonly endedMs: number }[],
  begun: SchedulerFacts['begun'],
): Refill[] {
  if (ended.length < ENDS_MIN) return []
  const large = ended
    .toSorted((a, b) => b.devices - a.devices)
    .slice(0, Math.max(ENDS_MIN, Math.min(ENDS_MAX, Math.ceil(ended.length / 10))))
  const within = (ms: number, endMs: number) => ms >= endMs - 60_000 && ms < endMs + TAKEN_WITHIN_MS
  const cases = large.map(({ devices, endedMs }) => ({
    devices,
    endedMs,
    left: sumOf(ended.filter((run) => within(run.endedMs, endedMs))),
    taken: begun.filter((run) => within(run.startedMs, endedMs)),
  }))
  const devices = sumOf(large)
  return AHEAD_MS.map((aheadMs) => ({
    aheadMs,
    share:
      cases.reduce((sum, one) => {
        const unseen = one.taken.filter(
          ({ submittedMs, startedMs }) => (submittedMs ?? startedMs) > one.endedMs - aheadMs,
        )
        return sum + one.devices * Math.min(1, sumOf(unseen) / one.left)
      }, 0) / devices,
  }))
}

const sumOf = (runs: readonly { readonly devices: number }[]) =>
  runs.reduce((sum, { devices }) => sum + devices, 0)
