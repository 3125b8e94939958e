/**
 * What is known to come: jobs that will end, plans that take devices away, waiting jobs that fit. Each scenario draws
 * when it happens and gives the change of busy devices over time.
 */

/** A running job of the scope. */
export interface RunningJob {
  readonly name: string
  readonly tenant: string
  readonly queue: string
  readonly devices: number
  /** Its own busy share in the newest hours, 0..1. */
  readonly utilization: number
  readonly startedMs: number
  /** When it ends for sure (a reservation's end, an announced stop); null = not known. */
  readonly endsMs: number | null
  /** Time limit of the scheduler, ms after the start: an upper bound; null = none, and then it never ends here. */
  readonly limitMs: number | null
}

/** A job in the queue that would run if enough devices were free: its shape fits the scope. */
export interface WaitingJob {
  readonly name: string
  readonly tenant: string
  /** Of each task. */
  readonly devices: number
  /** Tasks that may begin, each by itself: more than one of an array. */
  readonly tasks: number
  /** Busy share that jobs of its tenant have, 0..1. */
  readonly utilization: number
}

/** Drain, maintenance or curtailment: devices that do no work in [fromMs, toMs). */
export interface Plan {
  readonly name: string
  readonly devices: number
  /** Busy share that these devices have otherwise, 0..1. */
  readonly utilization: number
  readonly fromMs: number
  /** Null = end not known. */
  readonly toMs: number | null
}

/** How much of their limits jobs of a tenant and queue use: actual / limit of those that ended, ascending, at most 200. */
export interface LimitUse {
  readonly tenant: string
  readonly queue: string
  readonly ratios: readonly number[]
}

/**
 * Of the large jobs that ended, the share whose devices were taken again within half an hour by a job that was not yet
 * waiting `aheadMs` before: what tomorrow's queue holds nobody knows, but some of it always comes.
 */
export interface Refill {
  readonly aheadMs: number
  /** 0..1. */
  readonly share: number
}

/** All that schedulers and people have said, as it stands at one moment. */
export interface KnownFacts {
  readonly jobs: readonly RunningJob[]
  /** In the order in which they would start. */
  readonly waiting: readonly WaitingJob[]
  readonly plans: readonly Plan[]
  readonly limitUse: readonly LimitUse[]
  /** Ascending; empty = nothing comes that is not waiting. */
  readonly refills: readonly Refill[]
  /** Devices that are free and could be given to waiting work now. */
  readonly freeDevices: number
}

export const NOTHING_KNOWN: KnownFacts = {
  jobs: [],
  waiting: [],
  plans: [],
  limitUse: [],
  refills: [],
  freeDevices: 0,
}

/** Devices that begin or cease to be busy at a moment. */
export interface Change {
  readonly atMs: number
  readonly busyDevices: number
  readonly kind: 'job' | 'plan' | 'waiting'
  readonly name: string
  readonly tenant: string
  readonly devices: number
}

/** Jobs smaller than this share of the scope come and go all the time: the usual pattern and its band hold them. */
const STEP_SHARE = 0.01
/** From free devices to work on them: prolog, image, launch. */
const START_DELAY_MS = 300_000
const DAY_MS = 86_400_000
/** Of what a limit says where no job of the tenant has ended yet: it is used up, or nearly. */
const UNKNOWN_USE = [0.9, 1]

/** Those of the facts that can move the scope by a step. */
export function stepsOf(facts: KnownFacts, devices: number): KnownFacts {
  const least = devices * STEP_SHARE
  return {
    ...facts,
    jobs: facts.jobs.filter(
      (job) =>
        job.devices * job.utilization >= least && (job.endsMs !== null || job.limitMs !== null),
    ),
    plans: facts.plans.filter((plan) => plan.devices * plan.utilization >= least),
  }
}

/**
 * When a job ends in the case that a share of all cases lie before, 0..1; Infinity = not, as far as anybody knows. What
 * is the same for all cases is worked out once.
 */
export function endsOf(
  job: RunningJob,
  uses: ReadonlyMap<string, readonly number[]>,
  nowMs: number,
): (share: number) => number {
  const { endsMs, limitMs, startedMs } = job
  if (endsMs !== null) return () => Math.max(nowMs, endsMs)
  // Over its limit and still there: the limit is not enforced, so it says nothing.
  if (limitMs === null || startedMs + limitMs <= nowMs) return () => Number.POSITIVE_INFINITY
  const age = (nowMs - startedMs) / limitMs
  // Only the cases that have not ended yet; a job that outlives them all ends somewhere up to its limit.
  const left = (uses.get(useKey(job)) ?? UNKNOWN_USE).filter((ratio) => ratio > age)
  return (share) => {
    const place = share * (left.length + 1)
    const [low, high] = [left[Math.floor(place) - 1] ?? age, left[Math.floor(place)] ?? 1]
    const ratio = Math.min(1, low + (high - low) * (place - Math.floor(place)))
    return startedMs + limitMs * Math.max(age, ratio)
  }
}

const useKey = ({ tenant, queue }: { readonly tenant: string; readonly queue: string }) =>
  `${tenant}\u0000${queue}`

export const usesOf = (uses: readonly LimitUse[]): ReadonlyMap<string, readonly number[]> =>
  new Map(uses.map((use) => [useKey(use), use.ratios]))

/** Share of ends `aheadMs` from now that work follows which is not waiting yet, straight between what was learned. */
export function refillShare(refills: readonly Refill[], aheadMs: number): number {
  const after = refills.findIndex((refill) => refill.aheadMs >= aheadMs)
  const last = refills.at(-1)
  if (after < 0) return last?.share ?? 0
  const low = refills[after - 1] ?? { aheadMs: 0, share: 0 }
  const high = refills[after] ?? low
  if (high.aheadMs <= low.aheadMs) return high.share
  return (
    low.share + ((high.share - low.share) * (aheadMs - low.aheadMs)) / (high.aheadMs - low.aheadMs)
  )
}

/** When a job ends in one case, and whether work that nobody sees yet follows it. */
export interface JobEnd {
  readonly atMs: number
  readonly isFollowed: boolean
}

interface Leaving {
  readonly change: Change
  /** Devices that others may have now. */
  readonly freed: number
  readonly isFollowed: boolean
}

/** What happens within a day in one case, ascending by time; `ends` are those of the facts' jobs, in their order. */
export function changesOf(facts: KnownFacts, nowMs: number, ends: readonly JobEnd[]): Change[] {
  const endMs = nowMs + DAY_MS
  const leaving: Leaving[] = []
  for (const [index, job] of facts.jobs.entries()) {
    const end = ends[index]
    if (end === undefined || end.atMs >= endMs) continue
    const { name, tenant, devices } = job
    const busyDevices = -devices * job.utilization
    const change = { atMs: end.atMs, busyDevices, kind: 'job', name, tenant, devices } as const
    leaving.push({ change, freed: devices, isFollowed: end.isFollowed })
  }
  for (const { name, devices, utilization, fromMs, toMs } of facts.plans) {
    const about = { kind: 'plan', name, tenant: '', devices } as const
    const add = (atMs: number, busyDevices: number) => {
      if (atMs >= nowMs && atMs < endMs)
        leaving.push({ change: { atMs, busyDevices, ...about }, freed: 0, isFollowed: false })
    }
    add(fromMs, -devices * utilization)
    if (toMs !== null) add(toMs, devices * utilization)
  }
  leaving.sort((a, b) => a.change.atMs - b.change.atMs)
  return withWaiting(leaving, facts, nowMs)
}

/** Starts waiting jobs in their order as devices come free; a job that is too large does not block smaller ones behind it. */
function withWaiting(leaving: readonly Leaving[], facts: KnownFacts, nowMs: number): Change[] {
  const changes: Change[] = []
  let free = facts.freeDevices
  let queue = facts.waiting
  const start = (freedMs: number) => {
    const atMs = freedMs + START_DELAY_MS
    queue = queue.flatMap((job) => {
      const begun = Math.min(job.tasks, Math.floor(free / job.devices))
      if (begun < 1) return [job]
      const { name, tenant, utilization } = job
      const devices = begun * job.devices
      free -= devices
      changes.push({
        atMs,
        busyDevices: devices * utilization,
        kind: 'waiting',
        name,
        tenant,
        devices,
      })
      return begun < job.tasks ? [{ ...job, tasks: job.tasks - begun }] : []
    })
  }
  start(nowMs)
  for (const { change, freed, isFollowed } of leaving) {
    changes.push(change)
    free += freed
    if (freed > 0) start(change.atMs)
    if (!isFollowed || free < freed) continue
    free -= freed
    const atMs = change.atMs + START_DELAY_MS
    changes.push({
      ...change,
      atMs,
      busyDevices: -change.busyDevices,
      kind: 'waiting',
      name: '',
      tenant: '',
    })
  }
  return changes.sort((a, b) => a.atMs - b.atMs)
}
