import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IdleGroupsAnswer } from '#schemas/api-idle.ts'
import { JobAnswer, JobsAnswer } from '#schemas/api-jobs.ts'
import { LossAnswer } from '#schemas/api-ledger.ts'
import { idleGroupsAnswer } from '../ledger/idle-groups.ts'
import { idleHeldAnswer } from '../ledger/idle-held.ts'
import { lossAnswer } from '../ledger/loss.ts'
import {
  close,
  type LedgerSite,
  line,
  NOTHING,
  prices,
  startLedgerSite,
} from '../ledger/ledger.testing.ts'
import { EXAMPLE_FROM_MS as T0 } from '../ledger/example.testing.ts'
import { publish, seedDevices, seedInventory, type SeedMinute } from '../seed.testing.ts'
import { HOUR_MS, iso, MINUTE_MS } from '../window.ts'
import { jobAnswer } from './detail.ts'
import { type JobsQuestion, jobsAnswer } from './list.ts'

/**
 * Five hours: four settled as hours, the last as minutes. `train` of 2 devices begins before and ends at 0:30 of the
 * fifth hour; `chat` serves on one device all the time and is quiet; `idle` holds 2 devices from the third hour on and
 * does nothing; another `idle` in cluster west works.
 */
const END = T0 + 5 * HOUR_MS
const held = (job: string, more: Record<string, string> = {}) => ({
  allocation_source: 'slurm',
  tenant: 'stars',
  class: 'training',
  billing: 'paid',
  job,
  ...more,
})
const TRAIN = held('train')
const CHAT = held('chat', { tenant: 'labs', class: 'serving', billing: 'internal' })
const IDLE = held('idle', { node: 'n2' })
const WEST = held('idle', { cluster: 'west', node: 'w1' })
const busy = (dims: Record<string, string>) => ({
  dims,
  busy: 0.8,
  states: { productive_ms_x1000: 60_000_000 },
})
const quiet = (dims: Record<string, string>) => ({
  dims,
  busy: 0,
  states: { idle_held_ms: 60_000 },
})

/** What each device does from when until when, hours after T0. */
const STORY: readonly (readonly [
  deviceId: number,
  from: number,
  to: number,
  part: Pick<SeedMinute, 'dims' | 'busy' | 'states'>,
])[] = [
  [1, 0, 4.5, busy(TRAIN)],
  [2, 0, 4.5, { ...busy(TRAIN), busy: 0.4 }],
  [3, 0, 5, quiet(CHAT)],
  [4, 2, 5, quiet(IDLE)],
  [5, 2, 5, quiet(IDLE)],
  [6, 1, 5, busy(WEST)],
]

async function seed({ store }: LedgerSite) {
  const hours = STORY.flatMap(([deviceId, from, to, part]) =>
    [0, 1, 2, 3]
      .filter((hour) => hour >= from && hour < to)
      .map((hour) => ({ ...part, deviceId, bucketMs: T0 + hour * HOUR_MS })),
  )
  const minutes = STORY.flatMap(([deviceId, from, to, part]) =>
    Array.from({ length: 300 }, (_, at) => at)
      .filter((at) => at / 60 >= from && at / 60 < to)
      .map((at) => ({ ...part, deviceId, bucketMs: T0 + at * MINUTE_MS })),
  )
  await seedDevices(store, hours, 'ledger_1h')
  await seedDevices(store, minutes)
  await seedInventory(
    store,
    STORY.map(([id], at) => ({ id, index: at, sinceMs: T0 - HOUR_MS })),
  )
  const every = Array.from({ length: 300 }, (_, at) => T0 + at * MINUTE_MS)
  await publish(store, every)
  const full = [0, 1, 2, 3].map((hour) => T0 + hour * HOUR_MS)
  await publish(store, full, { resolution: '1h' })
}

let site: LedgerSite
beforeAll(async () => {
  site = await startLedgerSite()
  site.nowMs = END
  await seed(site)
  site.documents = {
    ...NOTHING,
    prices: prices(line(3), line(5, { from_ms: END - 30 * MINUTE_MS })),
    owners: [
      {
        tenant: 'stars',
        display_name: 'Stars Lab',
        contact: 'stars@example.com',
        accounts: [],
        namespaces: [],
        queues: [],
        billing: 'paid',
      },
    ],
  }
})
afterAll(() => site.stop())

const ASKED: JobsQuestion = {
  from: String(T0),
  to: String(END),
  filters: [],
  low: false,
  devicesMin: 1,
  sort: '-lost_usd',
  limit: 50,
}
const list = async (more: Partial<JobsQuestion> = {}) =>
  JobsAnswer.parse(await jobsAnswer(site.deps(), { ...ASKED, ...more }))

describe('jobs of a window', () => {
  test('each is its cluster and its id, with hours, cost, tiers and from when until when', async () => {
    const answer = await list()
    expect(answer.resolution).toBe('1h')
    expect(answer.jobs.map(({ cluster, job }) => `${cluster}/${job}`)).toEqual([
      'east/idle',
      'east/chat',
      'east/train',
      'west/idle',
    ])
    const [idle, chat, train] = answer.jobs
    // Two devices for three hours: 5 h at $3, and the last half hour at $5.
    expect(idle).toMatchObject({
      display_name: 'Stars Lab',
      contact: 'stars@example.com',
      devices: 2,
      nodes: 1,
      devices_at_end: 2,
      state: 'running',
      started_at: iso(T0 + 2 * HOUR_MS),
      ended_at: null,
      known_to_s: 3600,
      gpu_hours: 6,
      utilization: 0,
      coverage: 1,
      active: { value: 0.25, coverage: 1 },
      idle_held: { gpu_hours: 6, usd: close(20) },
      hint: 'idle',
      assumed: false,
    })
    expect(chat).toMatchObject({ hint: 'reserve', started_at: null, tenant: 'labs' })
    expect(train).toMatchObject({
      state: 'ended',
      started_at: null,
      ended_at: iso(T0 + 4.5 * HOUR_MS),
      known_to_s: 60,
      gpu_hours: 9,
      utilization: close(0.6),
      lost: { gpu_hours: close(3.6), usd: close(10.8) },
      hint: null,
    })
    expect(answer.counts).toEqual({ running: 3, ended: 1, low: 0 })
  })

  test('filters, floors, order and pages are the server’s', async () => {
    expect((await list({ state: 'ended' })).jobs.map(({ job }) => job)).toEqual(['train'])
    expect((await list({ devicesMin: 2 })).total).toBe(2)
    expect((await list({ low: true })).total).toBe(0)
    expect((await list({ filters: ['cluster:eq:west'] })).jobs).toHaveLength(1)
    const first = await list({ sort: 'utilization', limit: 3 })
    expect(first.jobs.map(({ utilization }) => utilization)).toEqual([0, 0, close(0.6)])
    const next = await list({ sort: 'utilization', limit: 3, cursor: first.next_cursor ?? '' })
    expect(next.jobs.map(({ cluster }) => cluster)).toEqual(['west'])
    expect(next.next_cursor).toBeNull()
    await expect(list({ cursor: first.next_cursor ?? '' })).rejects.toMatchObject({
      code: 'E_CURSOR_INVALID',
    })
    const before = await list({ from: String(T0 - 2 * HOUR_MS), to: String(T0) })
    expect(before).toMatchObject({ jobs: [], total: 0 })
  })

  test('sums of jobs are those of the loss by job, whose order and length can be asked for', async () => {
    const { jobs } = await list()
    const asked = { from: ASKED.from, to: ASKED.to, filters: [], groupBy: 'cluster,job' }
    const loss = LossAnswer.parse(
      await lossAnswer(site.deps(), { ...asked, sort: '-usd', limit: 3 }),
    )
    expect(loss.groups_total).toBe(4)
    expect(loss.groups.map(({ key }) => `${key['cluster']}/${key['job']}`)).toEqual(
      jobs.slice(0, 3).map(({ cluster, job }) => `${cluster}/${job}`),
    )
    loss.groups.forEach(({ loss_usd: usd }, at) => {
      expect(usd.versus_capacity).toBeCloseTo(jobs[at]?.lost.usd ?? -1, 9)
    })
  })
})

describe('one job', () => {
  test('has its devices, energy and lines, and its begin to the minute', async () => {
    const asked = { job: 'train', from: ASKED.from, to: ASKED.to }
    const answer = JobAnswer.parse(await jobAnswer(site.deps(), asked))
    expect(answer.job).toMatchObject({ known_to_s: 60, devices: 2 })
    expect(answer.devices).toMatchObject([
      { device_id: '1', index: 0, gpu_hours: 4.5, utilization: close(0.8), power_watts: 400 },
      { device_id: '2', index: 1, utilization: close(0.4), idle_hours: 0 },
    ])
    expect(answer.energy).toEqual({ kwh: close(3.6), coverage: 1, watts_per_device: 400 })
    expect(answer.by_state.part_busy).toEqual({ gpu_hours: close(3.6), usd: close(10.8) })
    expect(answer.payers.customer.gpu_hours).toBeCloseTo(3.6, 9)
  })

  test('of an id in two clusters is the larger one, and names the other', async () => {
    const asked = { job: 'idle', from: ASKED.from, to: ASKED.to }
    const answer = await jobAnswer(site.deps(), asked)
    expect([answer.job.cluster, answer.also_in]).toEqual(['east', ['west']])
    const west = await jobAnswer(site.deps(), { ...asked, cluster: 'west' })
    expect(west.job).toMatchObject({
      cluster: 'west',
      started_at: iso(T0 + HOUR_MS),
      known_to_s: 60,
    })
    await expect(jobAnswer(site.deps(), { ...asked, job: 'nobody' })).rejects.toMatchObject({
      code: 'E_JOB_UNKNOWN',
    })
  })
})

describe('idle devices in lines', () => {
  const asked = { by: 'job', filters: [], sort: 'usd_per_hour', hours: 6, limit: 50 } as const

  test('one line for a job, at the prices of its time, waste and reserve apart', async () => {
    const answer = IdleGroupsAnswer.parse(await idleGroupsAnswer(site.deps(), asked))
    expect(answer.groups).toMatchObject([
      {
        key: { cluster: 'east', job: 'idle', tenant: 'stars' },
        devices: 2,
        nodes: 1,
        since: iso(T0 + 2 * HOUR_MS),
        since_at_least: false,
        so_far: { gpu_hours: 6, usd: close(20) },
        usd_per_hour: 10,
        billing: ['paid'],
        contact: 'stars@example.com',
        is_reserve: false,
      },
      { key: { job: 'chat' }, devices: 1, is_reserve: true, contact: '' },
    ])
    expect(answer.waste).toMatchObject({ devices: 2, usd_per_hour: 10, so_far: { gpu_hours: 6 } })
    expect(answer.reserve).toMatchObject({ devices: 1, usd_per_hour: 5 })
    expect(answer.names.tenant).toEqual({ stars: 'Stars Lab' })
  })

  test('lines by node and by tenant, filtered, paged; a line opens into its devices', async () => {
    const page = { ...asked, by: 'node', limit: 1 } as const
    const first = await idleGroupsAnswer(site.deps(), page)
    expect(first).toMatchObject({ total: 2, groups: [{ key: { cluster: 'east', node: 'n2' } }] })
    const next = await idleGroupsAnswer(site.deps(), { ...page, cursor: first.next_cursor ?? '' })
    expect(next.groups[0]?.key).toEqual({ cluster: 'east', node: 'n1' })
    const labs = { ...asked, by: 'tenant', filters: ['tenant:eq:labs'] } as const
    expect((await idleGroupsAnswer(site.deps(), labs)).groups).toHaveLength(1)
    const filters = ['cluster:eq:east', 'job:eq:idle']
    const devices = await idleHeldAnswer(site.deps(), { filters, hours: 6, limit: 10 })
    expect(devices.devices.map(({ device_id }) => device_id)).toEqual(['4', '5'])
  })
})
