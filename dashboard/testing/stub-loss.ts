import { IdleGroupsAnswer } from '#schemas/api-idle.ts'
import { IdleHeldAnswer, LedgerAnswer, LossAnswer, type LossGroup } from '#schemas/api-ledger.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'

/** TEST ONLY. The worked example of docs/numbers.md a hundred times over for a day, and what is idle in it. */

/** `none`: nothing had capacity and nothing is idle. */
export type StubLoss = 'well' | 'none'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const iso = (ms: number) => new Date(ms).toISOString()
const settledAt = (nowMs: number) => Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS

function frame(query: URLSearchParams, nowMs: number) {
  const settled = settledAt(nowMs)
  const to = Number(query.get('to') ?? settled)
  const time = (name: string, usual: number) => {
    const text = query.get(name)
    return text === null ? iso(usual) : iso(/^\d+$/.test(text) ? Number(text) : Date.parse(text))
  }
  return {
    definition: DEFINITION_SET,
    from: time('from', to - 24 * HOUR_MS),
    to: time('to', settled),
    resolution: '1h' as const,
    settled_until: iso(settled),
    provisional: false,
    simulated: true,
    states_final_until: iso(settled - 2 * HOUR_MS),
  }
}

/** Device-hours of the example: twenty devices, one hour. */
const EXAMPLE = {
  failed: 1,
  drained: 1,
  verification: 1,
  unknown: 1,
  unallocated: 3,
  idle_held: 2,
  throttled: 0.25,
  inefficient: 0,
  productive: 10.75,
}
const usd = (hours: number) => ({ gpu_hours: hours, usd: hours * 2 })

function bounds(k: number) {
  return {
    utilization: 9.82 / 18,
    util_lo: 9.82 / 19,
    util_hi: 10.82 / 19,
    coverage: 18 / 19,
    capacity_device_seconds: 20 * k * 3600,
    base_device_seconds: 19 * k * 3600,
    known_device_seconds: 18 * k * 3600,
    busy_device_seconds: 9.82 * k * 3600,
  }
}

/** The example `k` times over. */
function lossGroup(key: Record<string, string>, k: number): LossGroup {
  return {
    key,
    devices: Math.round(k),
    ...bounds(k),
    lost_gpu_hours: 8.4 * k,
    loss_usd: { versus_capacity: 16.8 * k, versus_target: 7.36 * k },
    usd_per_hour: 0.7 * k,
    by_state: {
      failed: usd(k),
      drained: usd(k),
      unallocated: usd(3 * k),
      idle_held: usd(2 * k),
      throttled: usd(0.25 * k),
      part_busy: usd(1.15 * k),
      inefficient: usd(0),
    },
    throttled_by_cause: { heat: usd(0.25 * k), power_brake: usd(0), hardware: usd(0) },
    customer_by_state: {
      failed: usd(0),
      drained: usd(0),
      unallocated: usd(k),
      idle_held: usd(2 * k),
      throttled: usd(0),
      part_busy: usd(k),
      inefficient: usd(0),
    },
    payers: { ours: usd(4.4 * k), customer: usd(4 * k) },
    unallocated: { unsold: usd(2 * k), sold_without_job: usd(k) },
    reserve: usd(0.5 * k),
    customer_reserve: usd(0.5 * k),
    unpriced_hours: 0,
    assumed: true,
    idle_energy: {
      kwh: 0.54 * k,
      site_kwh: 0.62 * k,
      coverage: 1,
      usd: 0.05 * k,
      co2e_kg: null,
      pue: 1.15,
      pue_kind: 'design',
      pue_label: null,
      pue_category: null,
      pue_period: null,
      assumed: true,
    },
  }
}

const K = 2_468.13
const NAMES: Readonly<Record<string, readonly string[]>> = {
  tenant: ['videogen', 'stars-lab', ''],
  job: ['884213', '884377', 'serve-chat'],
  pool: ['train', 'serve'],
  hall: ['h1', 'h2'],
  model: ['NVIDIA H100 80GB HBM3', 'Ascend910C'],
  class: ['training', 'serving'],
}

export function lossAt(query: URLSearchParams, nowMs: number, state: StubLoss = 'well') {
  const by = query.get('group_by')?.split(',') ?? []
  const field = by.find((name) => name !== 'cluster') ?? ''
  const names = NAMES[field] ?? []
  const groups =
    by.length === 0
      ? [lossGroup({}, state === 'none' ? 0 : K)]
      : state === 'none'
        ? []
        : names.map((name, at) =>
            lossGroup(
              Object.fromEntries(
                by.map((one) => [
                  one,
                  one === field ? name : one === 'tenant' ? 'videogen' : 'east',
                ]),
              ),
              (K / 2) * 0.5 ** at,
            ),
          )
  const ascending = query.get('sort')?.startsWith('-') === false
  return LossAnswer.parse({
    ...frame(query, nowMs),
    contract_step_hours: 1,
    groups_total: by.length === 0 ? 1 : groups.length + 4,
    groups: ascending ? groups.toReversed() : groups,
    names: { tenant: { videogen: '视频生成 VideoGen', 'stars-lab': 'Stars Lab' } },
  })
}

export function ledgerAt(query: URLSearchParams, nowMs: number, state: StubLoss = 'well') {
  const k = state === 'none' ? 0 : K
  const times = (of: Readonly<Record<keyof typeof EXAMPLE, number>>) => ({
    failed: of.failed * k * 3600,
    drained: of.drained * k * 3600,
    verification: of.verification * k * 3600,
    unknown: of.unknown * k * 3600,
    unallocated: of.unallocated * k * 3600,
    idle_held: of.idle_held * k * 3600,
    throttled: of.throttled * k * 3600,
    inefficient: of.inefficient * k * 3600,
    productive: of.productive * k * 3600,
  })
  const nothing = { failed: 0, drained: 0, verification: 0, unknown: 0, unallocated: 0 }
  const step = (name: string, hours: number) => ({ step: name, device_seconds: hours * k * 3600 })
  return LedgerAnswer.parse({
    ...frame(query, nowMs),
    groups: [
      {
        key: {},
        devices: Math.round(k),
        ...bounds(k),
        ledger: times(EXAMPLE),
        reserve_device_seconds: 0.5 * k * 3600,
        busy_by_state: times({
          ...nothing,
          idle_held: 0.02,
          throttled: 0.2,
          inefficient: 0,
          productive: 9.6,
        }),
        throttled_by_cause: { heat: 0.25 * k * 3600, power_brake: 0, hardware: 0 },
        waterfall: [
          step('capacity', 20),
          step('failed', -1),
          step('drained', -1),
          step('verification', -1),
          step('unknown', -1),
          step('unallocated', -3),
          step('idle_held', -2),
          step('part_busy', -1.2),
          step('busy_while_quiet', 0.02),
          step('busy', 9.82),
        ],
        allocation_sources: { slurm: 20 * k * 3600 },
        ledger_ok: true,
        missing_device_seconds: 0,
      },
    ],
  })
}

const LINES = [
  {
    job: '884213',
    tenant: 'videogen',
    devices: 512,
    hours: 3.2,
    contact: 'on-call@videogen.example',
  },
  { job: '884377', tenant: 'stars-lab', devices: 64, hours: 26, contact: '' },
  {
    job: 'serve-chat',
    tenant: 'videogen',
    devices: 24,
    hours: 5,
    contact: 'on-call@videogen.example',
  },
] as const

export function idleGroupsAt(query: URLSearchParams, nowMs: number, state: StubLoss = 'well') {
  const settled = settledAt(nowMs)
  const by = query.get('by') ?? 'job'
  const wanted = query
    .getAll('filter')
    .find((filter) => filter.startsWith('tenant:eq:'))
    ?.slice('tenant:eq:'.length)
  const lines = (state === 'none' ? [] : LINES).filter(
    ({ tenant }) => wanted === undefined || tenant === wanted,
  )
  const groups = lines.map((line) => ({
    key:
      by === 'job'
        ? { cluster: 'east', job: line.job, tenant: line.tenant }
        : { [by]: by === 'tenant' ? line.tenant : `${by}-${line.job}` },
    devices: line.devices,
    nodes: Math.ceil(line.devices / 8),
    tenants: [line.tenant],
    classes: [line.job.startsWith('serve') ? 'serving' : 'training'],
    billing: ['paid'],
    models: ['NVIDIA H100 80GB HBM3'],
    contact: line.contact,
    since: iso(settled - Math.min(24, line.hours) * HOUR_MS),
    since_latest: iso(settled - HOUR_MS),
    since_at_least: line.hours > 24,
    so_far: usd(line.devices * Math.min(24, line.hours)),
    usd_per_hour: line.devices * 2,
    unpriced_devices: 0,
    assumed: true,
    is_reserve: line.job.startsWith('serve'),
  }))
  const total = (reserve: boolean) => {
    const some = groups.filter(({ is_reserve }) => is_reserve === reserve)
    const sum = (of: (group: (typeof groups)[number]) => number) =>
      some.reduce((all, group) => all + of(group), 0)
    return {
      devices: sum(({ devices }) => devices),
      usd_per_hour: sum(({ usd_per_hour }) => usd_per_hour),
      so_far: usd(sum(({ so_far }) => so_far.gpu_hours)),
      assumed: true,
    }
  }
  return IdleGroupsAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    settled_until: iso(settled),
    by,
    groups,
    total: groups.length,
    next_cursor: null,
    waste: total(false),
    reserve: total(true),
    names: { tenant: { videogen: '视频生成 VideoGen', 'stars-lab': 'Stars Lab' } },
  })
}

export function idleHeldAt(query: URLSearchParams, nowMs: number) {
  const settled = settledAt(nowMs)
  const limit = Number(query.get('limit') ?? 100)
  const devices = Array.from({ length: Math.min(limit, 64) }, (_device, at) => ({
    device_id: String(9_000_000_000_000_000n + BigInt(at)),
    node: `h1-r02-n${String(Math.floor(at / 8)).padStart(2, '0')}`,
    cluster: 'east',
    hall: 'h1',
    rack: 'h1-r02',
    pool: 'train',
    model: 'NVIDIA H100 80GB HBM3',
    tenant: 'videogen',
    job: '884213',
    class: 'training',
    billing: 'paid',
    since: iso(settled - 3 * HOUR_MS),
    since_at_least: false,
    hours: 3,
    is_reserve: false,
    usd_per_hour: 2,
    assumed: true,
  }))
  return IdleHeldAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    settled_until: iso(settled),
    devices,
    total: 512,
    next_cursor: null,
  })
}
