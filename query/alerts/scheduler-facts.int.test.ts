import { afterAll, beforeAll, expect, test } from 'vitest'
import { Owner } from '#schemas/journal.ts'
import { SchedulerJob } from '#schemas/scheduler-job.ts'
import { publish, seedDevices, seedGroups, seedRows } from '../seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { type AlertSite, seedSpans, startAlertSite } from './alerts.testing.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const NOW = T0 + 6 * MINUTE_MS
const dateTimeMs = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
let site: AlertSite
beforeAll(async () => {
  site = await startAlertSite(NOW)
})
afterAll(async () => {
  await site.stop()
})

const job = (holder: string, more: Partial<SchedulerJob>) =>
  SchedulerJob.parse({
    holder,
    job: holder,
    account: 'acc-atlas',
    queue: 'main',
    devices: 2,
    submitted_ms: T0 - HOUR_MS,
    started_ms: T0 - HOUR_MS,
    limit_ms: 24 * HOUR_MS,
    ...more,
  })
const tell = (sequence: number, atMs: number, jobs: SchedulerJob[], gone: string[] = []) =>
  site.schedulers.take({
    sequence,
    at_ms: atMs,
    who: 'test',
    body: { kind: 'scheduler_jobs', cluster: 'east', jobs, gone },
  })

test('who runs in a scope, what waits for it and what is free there; nothing when the scheduler fell silent', async () => {
  const buckets = Array.from({ length: 6 }, (_, at) => T0 + at * MINUTE_MS)
  await seedDevices(
    site.store,
    buckets.flatMap((bucketMs) => [
      { bucketMs, deviceId: 1, busy: 1, dims: { tenant: 'atlas', job: '7' } },
      { bucketMs, deviceId: 2, busy: 0.5, dims: { tenant: 'atlas', job: '7' } },
      { bucketMs, deviceId: 3, busy: 0.5, dims: { tenant: 'atlas', job: '7', hall: 'h2' } },
      { bucketMs, deviceId: 4, busy: 0, dims: { hall: 'h2' } },
    ]),
  )
  const free = { unallocated_ms: 60_000, productive_ms_x1000: 0 }
  await seedGroups(
    site.store,
    buckets.flatMap((bucketMs) => [
      { bucketMs, devices: 2, busy: 0.75, dims: { tenant: 'atlas' } },
      { bucketMs, devices: 1, dims: { tenant: 'atlas', hall: 'h2' } },
      { bucketMs, devices: 1, busy: 0, dims: { hall: 'h2' }, states: free },
    ]),
  )
  await publish(site.store, buckets)
  site.documents = {
    ...site.documents,
    owners: [
      Owner.parse({ tenant: 'atlas', display_name: 'Atlas', accounts: ['acc-atlas'] }),
      Owner.parse({ tenant: 'ember', display_name: 'Ember', accounts: ['acc-ember'] }),
    ],
  }
  const facts = site.facts()
  expect(await facts.scheduler({})).toBeNull()
  tell(1, T0 - HOUR_MS, [job('6', {})])
  tell(
    2,
    T0,
    [
      job('7', { devices: 3 }),
      job('9', { started_ms: null, submitted_ms: T0, account: 'acc-ember' }),
      job('8', { started_ms: null, submitted_ms: T0 - 1 }),
    ],
    ['6'],
  )
  const fleet = await facts.scheduler({})
  expect(fleet?.running).toEqual([
    {
      job: '7',
      cluster: 'east',
      tenant: 'atlas',
      queue: 'main',
      devices: 3,
      busyDevices: 2,
      startedMs: T0 - HOUR_MS,
      limitMs: 24 * HOUR_MS,
    },
  ])
  expect(fleet?.waiting.map((one) => [one.job, one.tenant])).toEqual([
    ['8', 'atlas'],
    ['9', 'ember'],
  ])
  expect(fleet?.free).toEqual([{ hall: 'h2', pool: 'main', devices: 1 }])
  expect(fleet?.ended).toMatchObject([{ tenant: 'atlas', devices: 2, endedMs: T0 }])
  expect(fleet?.begun).toHaveLength(2)
  const hall = await facts.scheduler({ hall: 'h1' })
  expect(hall?.running).toMatchObject([{ job: '7', devices: 2, busyDevices: 1.5 }])
  expect(hall?.free).toEqual([])
  // A drain that was entered for later, of which one device stands in this hall, and windows of whole places.
  await seedSpans(site.store, [
    { id: 1, node: 'n1' },
    { id: 2, node: 'n2' },
  ])
  const later = { from_at: dateTimeMs(NOW + HOUR_MS), to_at: '2100-01-01 00:00:00.000', version: 1 }
  await seedRows(site.store, 'intervals', [
    { ...later, kind: 'drained', device_id: 2, reason: 'cable', detail: '' },
    { ...later, kind: 'verification', device_id: 1, reason: 'burn_in', detail: '' },
  ])
  const window = { name: 'pump', fromMs: NOW + HOUR_MS, toMs: NOW + 2 * HOUR_MS }
  const windows = [
    { ...window, place: { hall: 'h1' } },
    { ...window, place: { hall: 'h2' } },
  ]
  expect(await facts.plans({ hall: 'h1' }, windows)).toEqual([
    { kind: 'drain', name: 'cable', devices: 1, fromMs: NOW + HOUR_MS, toMs: null },
    {
      kind: 'maintenance',
      name: 'pump',
      devices: 2,
      fromMs: NOW + HOUR_MS,
      toMs: NOW + 2 * HOUR_MS,
    },
  ])
  expect(await facts.plans({ cluster: 'west' }, windows)).toEqual([])
  const tenant = await facts.scheduler({ tenant: 'ember' })
  expect(tenant?.waiting.map((one) => one.job)).toEqual(['9'])
  expect(await facts.scheduler({ cluster: 'west' })).toBeNull()
  site.nowMs = T0 + 46 * MINUTE_MS
  expect(await facts.scheduler({})).toBeNull()
})
