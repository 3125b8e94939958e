import type { KnownFacts, LimitUse, Plan, Refill, RunningJob } from './known.ts'
import { normalQuantile, seeded } from './robust.ts'
import { type Reading, type Series, SLICE_MS, SLICES_PER_WEEK } from './series.ts'

/**
 * A fleet that never was, by a seed: a daily rhythm, noise, large jobs that come and go with limits or without, failures,
 * drains, and planted ramps, some of which end before the danger line. The same process fills the weeks of history and
 * those that are judged.
 */

export interface Planted {
  readonly devices: number
  readonly series: Series
  /** First moment that is judged; before it is history. */
  readonly judgedFromMs: number
  factsAt(atMs: number): KnownFacts
  /** Why the level fell to a crossing: `silent` = a step that nobody could have known. */
  causeOf(crossingMs: number): 'job' | 'plan' | 'ramp' | 'silent' | 'drift'
}

interface BigJob extends RunningJob {
  readonly finishedMs: number
  /** Since when it was to be seen in the queue. */
  readonly queuedMs: number
  readonly isForeseeable: boolean
}

interface Ramp {
  readonly fromMs: number
  readonly fallMs: number
  readonly holdMs: number
  readonly depth: number
}

const HISTORY_WEEKS = 4
const JUDGED_WEEKS = 2
const SLICES = (HISTORY_WEEKS + JUDGED_WEEKS) * SLICES_PER_WEEK
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FROM_MS = Date.UTC(2026, 0, 5)
const END_MS = FROM_MS + SLICES * SLICE_MS
const LINE = 0.6

/** How the jobs of four tenants end: share of the limit that they use, from and to; no limit where null. */
const TENANTS: readonly {
  readonly name: string
  readonly use: readonly [number, number] | null
}[] = [
  { name: 'videogen', use: [0.98, 1] },
  { name: 'chat', use: [0.9, 1] },
  { name: 'vision', use: [0.5, 1] },
  { name: 'robotics', use: null },
]
const SIZES = [1_000, 4_000, 10_000, 50_000]
const LIMITS_H = [12, 24, 48, 72]

export function planted(seed: number): Planted {
  const random = seeded(seed * 7919 + 17)
  const between = (low: number, high: number) => low + random() * (high - low)
  const devices = SIZES[seed % SIZES.length] ?? 1_000
  const slots = 4 + Math.floor(random() * 4)
  const size = Math.round(devices * between(0.03, 0.09))
  const jobs = queueOf(slots, size, between)
  const ramps = rampsOf(between)
  const plans = plansOf(devices, between)
  const usual = rhythm(jobs, devices, between)
  let drift = 0
  const readings = Array.from({ length: SLICES }, (_, at): Reading => {
    const fromMs = FROM_MS + at * SLICE_MS
    drift = drift * 0.97 + 0.0018 * normalQuantile(between(0.001, 0.999))
    const busy = jobs.reduce(
      (sum, job) => sum + job.devices * job.utilization * overlap(job, fromMs),
      0,
    )
    const out = plans.filter(
      ({ fromMs: begin, toMs }) => fromMs >= begin && fromMs < (toMs ?? END_MS),
    )
    const noise = 0.0015 * normalQuantile(between(0.001, 0.999))
    const level = usual(fromMs) + drift + noise + busy / devices - depthAt(ramps, fromMs)
    const drained = out.reduce((sum, plan) => sum + plan.devices, 0) / devices
    return { utilization: Math.min(1, Math.max(0, level - drained)), coverage: 1 }
  })
  return {
    devices,
    series: { fromMs: FROM_MS, readings },
    judgedFromMs: FROM_MS + HISTORY_WEEKS * SLICES_PER_WEEK * SLICE_MS,
    factsAt: (atMs) => factsAt({ jobs, plans, slots, size }, atMs),
    causeOf: (crossingMs) => causeOf({ jobs, plans, ramps }, crossingMs),
  }
}

type Between = (low: number, high: number) => number

/**
 * Large jobs of one size on as many slots as the fleet gives them, first come first served: now and then the queue is
 * empty and a slot stays free for hours.
 */
function queueOf(slots: number, devices: number, between: Between): BigJob[] {
  const freeMs = Array.from({ length: slots }, () => FROM_MS - 48 * HOUR_MS)
  const everyMs = (32 * HOUR_MS) / (slots * between(0.8, 0.95))
  const jobs: BigJob[] = []
  for (let queuedMs = FROM_MS - 96 * HOUR_MS; queuedMs < END_MS;) {
    queuedMs += -Math.log(between(0.0001, 1)) * everyMs
    const tenant = TENANTS[Math.floor(between(0, TENANTS.length))] ?? { name: '', use: null }
    const limitMs = (LIMITS_H[Math.floor(between(0, LIMITS_H.length))] ?? 24) * HOUR_MS
    const planned = limitMs * (tenant.use === null ? between(0.1, 1) : between(...tenant.use))
    const failedMs = -Math.log(between(0.0001, 1)) * 12 * DAY_MS
    const slot = freeMs.indexOf(Math.min(...freeMs))
    const startedMs = Math.max(queuedMs, freeMs[slot] ?? 0) + between(120_000, 480_000)
    const finishedMs = startedMs + Math.min(planned, failedMs)
    freeMs[slot] = finishedMs
    jobs.push({
      name: `${jobs.length + 1}`,
      tenant: tenant.name,
      queue: 'large',
      devices,
      utilization: between(0.85, 0.97),
      startedMs,
      endsMs: null,
      limitMs: tenant.use === null ? null : limitMs,
      finishedMs,
      queuedMs,
      isForeseeable: tenant.use !== null && planned <= failedMs,
    })
  }
  return jobs
}

/** Three ramps a week that fall far, two that stop early. */
function rampsOf(between: Between): Ramp[] {
  return Array.from({ length: (HISTORY_WEEKS + JUDGED_WEEKS) * 5 }, (_, at) => ({
    fromMs: FROM_MS + (Math.floor(at / 5) + between(0.02, 0.95)) * 7 * DAY_MS,
    fallMs: between(1, 5) * HOUR_MS,
    holdMs: between(0.5, 4) * HOUR_MS,
    depth: at % 5 < 3 ? between(0.07, 0.16) : between(0.02, 0.05),
  }))
}

function depthAt(ramps: readonly Ramp[], atMs: number): number {
  return ramps.reduce((sum, { fromMs, fallMs, holdMs, depth }) => {
    const since = atMs - fromMs
    if (since <= 0 || since >= fallMs + holdMs + HOUR_MS) return sum
    if (since < fallMs) return sum + (depth * since) / fallMs
    return sum + depth * Math.min(1, 1 - (since - fallMs - holdMs) / HOUR_MS)
  }, 0)
}

/** Drains that were entered six hours or more before they began: about one a week. */
function plansOf(devices: number, between: Between): Plan[] {
  return Array.from({ length: HISTORY_WEEKS + JUDGED_WEEKS }, (_, week) => {
    const fromMs = FROM_MS + (week + between(0.02, 0.9)) * 7 * DAY_MS
    const toMs = fromMs + between(2, 8) * HOUR_MS
    return {
      name: `maintenance ${week}`,
      devices: Math.round(devices * between(0.02, 0.06)),
      // What runs there ends with it: the planted fleet takes the whole away.
      utilization: 1,
      fromMs,
      toMs,
    }
  })
}

/** Everything that is no large job: set so that the whole stands between 67 % and 73 % on average. */
function rhythm(
  jobs: readonly BigJob[],
  devices: number,
  between: Between,
): (atMs: number) => number {
  const held = jobs.reduce(
    (sum, job) => sum + job.devices * job.utilization * (job.finishedMs - job.startedMs),
    0,
  )
  const base = between(0.67, 0.73) - held / devices / (END_MS - FROM_MS)
  const [day, weekend] = [between(0.005, 0.02), between(0, 0.02)]
  return (atMs) => {
    const isWeekend = Math.floor((atMs - FROM_MS) / DAY_MS) % 7 >= 5
    return base + day * Math.sin((2 * Math.PI * atMs) / DAY_MS) - (isWeekend ? weekend : 0)
  }
}

function overlap({ startedMs, finishedMs }: BigJob, fromMs: number): number {
  const shared = Math.min(finishedMs, fromMs + SLICE_MS) - Math.max(startedMs, fromMs)
  return Math.max(0, shared) / SLICE_MS
}

interface Events {
  readonly jobs: readonly BigJob[]
  readonly plans: readonly Plan[]
}

/** What a scheduler and people would have said then, no more: nothing of this knows what comes. */
function factsAt(
  { jobs, plans, slots, size }: Events & { readonly slots: number; readonly size: number },
  atMs: number,
): KnownFacts {
  const running = jobs.filter((job) => job.startedMs <= atMs && job.finishedMs > atMs)
  return {
    jobs: running,
    waiting: jobs
      .filter((job) => job.queuedMs <= atMs && job.startedMs > atMs)
      .map((job) => ({ ...job, tasks: 1 })),
    plans: plans.filter((plan) => (plan.toMs ?? END_MS) > atMs && plan.fromMs - atMs < 6 * HOUR_MS),
    limitUse: limitUse(jobs, atMs),
    refills: refills(jobs, atMs),
    freeDevices: (slots - running.length) * size,
  }
}

function limitUse(jobs: readonly BigJob[], atMs: number): LimitUse[] {
  const ended = Map.groupBy(
    jobs.filter((job) => job.finishedMs <= atMs && job.limitMs !== null),
    ({ tenant }) => tenant,
  )
  return [...ended].map(([tenant, of]) => ({
    tenant,
    queue: 'large',
    ratios: of
      .map((job) => (job.finishedMs - job.startedMs) / (job.limitMs ?? 1))
      .sort((a, b) => a - b)
      .slice(-200),
  }))
}

/** From what has ended so far, as a site would count it from its own records. */
function refills(jobs: readonly BigJob[], atMs: number): Refill[] {
  const ended = jobs.filter(({ finishedMs }) => finishedMs <= atMs - 1_800_000)
  return [0.5, 1, 2, 4, 6].map((hours) => {
    const followed = ended.filter(({ finishedMs }) =>
      jobs.some(
        ({ startedMs, queuedMs }) =>
          startedMs >= finishedMs &&
          startedMs <= finishedMs + 1_800_000 &&
          queuedMs > finishedMs - hours * HOUR_MS,
      ),
    )
    return { aheadMs: hours * HOUR_MS, share: followed.length / Math.max(1, ended.length) }
  })
}

/** The largest of what happened in the quarter hour before, else a ramp that falls, else drift. */
function causeOf(
  { jobs, plans, ramps }: Events & { readonly ramps: readonly Ramp[] },
  crossingMs: number,
) {
  const isNear = (atMs: number) => atMs <= crossingMs && atMs > crossingMs - 4 * SLICE_MS
  const steps = [
    ...jobs
      .filter((job) => isNear(job.finishedMs))
      .map((job) => ({ size: job.devices, cause: job.isForeseeable ? 'job' : 'silent' }) as const),
    ...plans
      .filter((plan) => isNear(plan.fromMs))
      .map((plan) => ({ size: plan.devices, cause: 'plan' }) as const),
  ].sort((a, b) => b.size - a.size)
  const isFalling = ramps.some(
    ({ fromMs, fallMs }) => crossingMs > fromMs && crossingMs <= fromMs + fallMs + HOUR_MS,
  )
  return steps[0]?.cause ?? (isFalling ? 'ramp' : 'drift')
}

export const PLANTED_LINE = LINE
