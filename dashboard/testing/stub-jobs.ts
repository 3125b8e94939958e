import { LOW_JOB } from '#schemas/orders.ts'
import { JobAnswer, type JobFigures, JobsAnswer } from '#schemas/api-jobs.ts'
import { FleetSummary, SeriesAnswer } from '#schemas/api.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { ownersAt } from './stub-energy.ts'
import { idleGroupsAt, idleHeldAt, ledgerAt, lossAt, type StubLoss } from './stub-loss.ts'

/** TEST ONLY. Four jobs of a made-up day: at work, idle, low and long ended, and one that serves. */

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const iso = (ms: number) => new Date(ms).toISOString()
const settledAt = (nowMs: number) => Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS

function frame(query: URLSearchParams, nowMs: number) {
  const settled = settledAt(nowMs)
  const to = Number(query.get('to') ?? settled)
  return {
    definition: DEFINITION_SET,
    from: iso(Number(query.get('from') ?? to - 24 * HOUR_MS)),
    to: iso(to),
    resolution: '1h' as const,
    settled_until: iso(settled),
    provisional: false,
    simulated: true,
    states_final_until: iso(settled - 2 * HOUR_MS),
  }
}

type Story = Pick<JobFigures, 'job' | 'tenant' | 'class' | 'devices' | 'utilization' | 'hint'> &
  Partial<JobFigures>

function figures({ utilization, devices, ...story }: Story, nowMs: number): JobFigures {
  const hours = devices * 20
  const lost = hours * (1 - (utilization ?? 1))
  return {
    cluster: 'east',
    display_name: story.tenant === 'videogen' ? '视频生成 VideoGen' : 'Stars Lab',
    contact: story.tenant === 'videogen' ? 'on-call@videogen.example' : '',
    billing: 'paid',
    models: ['NVIDIA H100 80GB HBM3'],
    pools: ['train'],
    devices,
    nodes: Math.ceil(devices / 8),
    devices_at_end: devices,
    state: 'running',
    started_at: iso(settledAt(nowMs) - 20 * HOUR_MS),
    ended_at: null,
    known_to_s: 3600,
    gpu_hours: hours,
    utilization,
    util_lo: utilization,
    util_hi: utilization,
    coverage: 0.992,
    active: { value: utilization === null ? null : utilization * 0.6, coverage: 0.99 },
    effective: { value: null, coverage: 0 },
    idle_held: {
      gpu_hours: story.hint === 'idle' ? lost : 0,
      usd: story.hint === 'idle' ? lost * 2 : 0,
    },
    lost: { gpu_hours: lost, usd: lost * 2 },
    unpriced_hours: 0,
    assumed: true,
    is_low: false,
    ...story,
  }
}

const jobsOf = (nowMs: number): JobFigures[] => [
  figures(
    {
      job: '884213',
      tenant: 'videogen',
      class: 'training',
      devices: 512,
      utilization: 0.03,
      hint: 'idle',
      is_low: true,
    },
    nowMs,
  ),
  figures(
    {
      job: '884377',
      tenant: 'stars-lab',
      class: 'training',
      devices: 64,
      utilization: 0.91,
      hint: null,
    },
    nowMs,
  ),
  figures(
    {
      job: '884100',
      tenant: 'stars-lab',
      class: 'training',
      devices: 16,
      utilization: 0.22,
      hint: 'waits',
      is_low: true,
      state: 'ended',
      started_at: null,
      ended_at: iso(settledAt(nowMs) - 3 * HOUR_MS),
      devices_at_end: 0,
    },
    nowMs,
  ),
  figures(
    {
      job: 'serve-chat',
      tenant: 'videogen',
      class: 'serving',
      devices: 24,
      utilization: 0.4,
      hint: 'reserve',
      known_to_s: 60,
    },
    nowMs,
  ),
]

export function jobsAt(query: URLSearchParams, nowMs: number, state: StubLoss = 'well') {
  const all = state === 'none' ? [] : jobsOf(nowMs)
  const filters = query.getAll('filter').map((text) => text.split(':'))
  const fitting = all.filter((job) =>
    filters.every(([field = '', op, ...rest]) => {
      const value = String(Reflect.get(job, field))
      return op === 'prefix' ? value.startsWith(rest.join(':')) : value === rest.join(':')
    }),
  )
  const jobs = fitting
    .filter(({ is_low }) => is_low || query.get('low') !== 'true')
    .filter((job) => (query.get('state') ?? job.state) === job.state)
  return JobsAnswer.parse({
    ...frame(query, nowMs),
    jobs:
      query.get('sort') === 'utilization'
        ? jobs.toSorted((a, b) => (a.utilization ?? 0) - (b.utilization ?? 0))
        : jobs,
    total: jobs.length,
    next_cursor: null,
    counts: {
      running: fitting.filter(({ state: now }) => now === 'running').length,
      ended: fitting.filter(({ state: now }) => now === 'ended').length,
      low: fitting.filter(({ is_low }) => is_low).length,
    },
    floors: LOW_JOB,
  })
}

export function jobAt(name: string, query: URLSearchParams, nowMs: number): JobAnswer | null {
  const job = jobsOf(nowMs).find((known) => known.job === name)
  if (job === undefined) return null
  const money = (hours: number) => ({ gpu_hours: hours, usd: hours * 2 })
  const none = money(0)
  const idle = job.idle_held.gpu_hours
  const devices = Array.from({ length: job.devices }, (_device, at) => ({
    device_id: String(9_000_000_000_000_000n + BigInt(at)),
    node: `h1-r${String(Math.floor(at / 64)).padStart(2, '0')}-n${Math.floor(at / 8) % 8}`,
    rack: `h1-r${String(Math.floor(at / 64)).padStart(2, '0')}`,
    index: at % 8,
    gpu_hours: 20,
    utilization: at === 5 ? Math.max(0, (job.utilization ?? 0) - 0.4) : job.utilization,
    coverage: 1,
    active: (job.utilization ?? 0) * 0.6,
    effective: null,
    idle_hours: idle / job.devices,
    power_watts: 402,
  }))
  return JobAnswer.parse({
    ...frame(query, nowMs),
    job,
    also_in: [],
    ledger: {
      failed: 0,
      drained: 0,
      verification: 0,
      unknown: job.gpu_hours * 3600 * 0.008,
      unallocated: 0,
      idle_held: idle * 3600,
      throttled: 0,
      inefficient: 0,
      productive: (job.gpu_hours * 0.992 - idle) * 3600,
    },
    by_state: {
      failed: none,
      drained: none,
      unallocated: none,
      idle_held: job.idle_held,
      throttled: none,
      part_busy: money(job.lost.gpu_hours - idle),
      inefficient: none,
    },
    throttled_by_cause: { heat: none, power_brake: none, hardware: none },
    payers: { ours: none, customer: job.lost },
    energy: { kwh: job.gpu_hours * 0.4, coverage: 0.99, watts_per_device: 402 },
    devices,
  })
}

/** Four weeks of every tenant by day: a little lower in the last one, and one day of which nothing is known. */
function trendsAt(query: URLSearchParams, nowMs: number) {
  const days = 28
  const toMs = Number(query.get('to') ?? nowMs)
  const values = Array.from({ length: days }, (_day, at) =>
    at === 9 ? null : at < days - 7 ? 0.7 : 0.62,
  )
  const { definition, owners } = ownersAt(new URLSearchParams(), nowMs)
  return SeriesAnswer.parse({
    definition,
    from: iso(toMs - days * 24 * HOUR_MS),
    to: iso(toMs),
    resolution: '1d',
    settled_until: iso(settledAt(nowMs)),
    provisional: false,
    simulated: true,
    groups: owners.map(({ tenant }) => ({
      key: { tenant },
      metric: 'utilization',
      unit: 'ratio',
      t0: toMs - days * 24 * HOUR_MS,
      step_ms: 24 * HOUR_MS,
      values,
      coverage: values.map((value) => (value === null ? 0 : 1)),
    })),
  })
}

/** Every tenant of a window, all as busy. */
export function groupedByTenant(utilization: number, nowMs: number) {
  const {
    owners,
    nobody: _nobody,
    states_final_until: _final,
    ...frame
  } = ownersAt(new URLSearchParams(), nowMs)
  return FleetSummary.parse({
    ...frame,
    pending_devices: 0,
    groups: owners.map((owner) => ({
      key: { tenant: owner.tenant },
      devices: owner.devices,
      utilization,
      util_lo: utilization,
      util_hi: utilization,
      coverage: 1,
      capacity_device_seconds: 1,
      base_device_seconds: 1,
      known_device_seconds: 1,
      busy_device_seconds: utilization,
      busy_sources: {},
      active: { value: null, coverage: 0 },
      effective: { value: null, coverage: 0 },
      memory_used: { value: null, coverage: 0 },
      power_watts: null,
      power_coverage: null,
      temperature_celsius_max: null,
    })),
  })
}

/** Answers about loss and jobs; a body of null is a job that is not there, null a question that is none of these. */
export function moneyAt(
  path: string,
  query: URLSearchParams,
  { nowMs, loss }: { readonly nowMs: number; readonly loss: StubLoss | undefined },
): { readonly body: unknown } | null {
  if (path === 'fleet/series' && query.get('group_by') === 'tenant')
    return { body: trendsAt(query, nowMs) }
  if (loss !== undefined && path === 'fleet/summary' && query.get('group_by') === 'tenant') {
    const isWeek = Number(query.get('to')) - Number(query.get('from')) <= 7 * 24 * HOUR_MS
    return { body: groupedByTenant(isWeek ? 0.62 : 0.7, nowMs) }
  }
  if (path === 'idle-held') return { body: idleHeldAt(query, nowMs) }
  if (path === 'idle-held/groups') return { body: idleGroupsAt(query, nowMs, loss) }
  if (path === 'jobs') return { body: jobsAt(query, nowMs, loss) }
  if (path.startsWith('jobs/'))
    return { body: jobAt(decodeURIComponent(path.slice('jobs/'.length)), query, nowMs) }
  if (loss === undefined && !query.has('group_by')) return null
  if (path === 'loss') return { body: lossAt(query, nowMs, loss) }
  return path === 'ledger' ? { body: ledgerAt(query, nowMs, loss) } : null
}
