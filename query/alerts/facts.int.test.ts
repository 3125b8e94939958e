import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { LoopRow } from '#schemas/facility.ts'
import { publish, seedDevices, seedGroups, type SeedMinute, seedRows } from '../seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { type AlertSite, seedSpans, startAlertSite } from './alerts.testing.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const NOW = T0 + HOUR_MS
const SLICE = 5 * MINUTE_MS
const minutes = (count: number, fromMs = T0) =>
  Array.from({ length: count }, (_, at) => fromMs + at * MINUTE_MS)
const dateTimeMs = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

let site: AlertSite
beforeAll(async () => {
  site = await startAlertSite(NOW)
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
})

describe('slices of zones', () => {
  const groups = (ms: number, devices: number, more: Omit<SeedMinute, 'bucketMs'> = {}) => ({
    bucketMs: ms,
    devices,
    ...more,
  })

  test('are whole device-ms of closed five minutes, by scope', async () => {
    const buckets = minutes(12)
    await seedGroups(
      site.store,
      buckets.flatMap((ms) => [
        groups(ms, 60, { busy: 0.5, dims: { hall: 'h1' } }),
        groups(ms, 40, { busy: 0.75, dims: { hall: 'h2' }, knownMs: 30_000 }),
      ]),
    )
    await publish(site.store, buckets)
    const facts = site.facts()
    const [fleet, ...none] = await facts.zoneSlices(DEFAULT_ZONE_SET, { fromMs: T0, toMs: NOW })
    expect(none).toEqual([])
    // Twelve minutes are two slices and a part.
    expect(fleet?.slices.map(({ fromMs }) => fromMs)).toEqual([T0, T0 + SLICE])
    expect(fleet?.slices[0]).toEqual({
      fromMs: T0,
      baseMs: BigInt(100 * SLICE),
      knownMs: BigInt(60 * SLICE + 20 * SLICE),
      busyX1000: BigInt((30 * SLICE + 15 * SLICE) * 1000),
      sourceChangedMs: 0n,
    })
    const halls = ZoneSet.parse({ ...DEFAULT_ZONE_SET, name: 'halls', scope: 'hall', value: '*' })
    const each = await facts.zoneSlices(halls, { fromMs: T0 + SLICE, toMs: NOW })
    expect(each.map(({ labels, slices }) => [labels, slices.length])).toEqual([
      [{ hall: 'h1' }, 1],
      [{ hall: 'h2' }, 1],
    ])
    expect(await facts.zoneScopes(halls, { fromMs: T0, toMs: NOW })).toEqual(['h1', 'h2'])
    const h2 = await facts.zoneSlices(halls, { fromMs: T0, toMs: NOW }, ['h2'])
    expect(h2.map(({ labels }) => labels)).toEqual([{ hall: 'h2' }])
    const one = await facts.zoneSlices({ ...halls, value: 'h2' }, { fromMs: T0, toMs: NOW })
    expect(one.map(({ labels }) => labels)).toEqual([{ hall: 'h2' }])
    expect(await facts.settledUntilMs()).toBe(T0 + 12 * MINUTE_MS)
  })

  test('tell another counter from devices that fell silent', async () => {
    const buckets = minutes(15)
    await seedGroups(
      site.store,
      buckets.flatMap((ms, at) => [
        groups(ms, 50, { busySource: at < 5 ? 2 : 1 }),
        groups(ms, 50, { busySource: at < 10 ? 2 : 0, ...(at < 10 ? {} : { knownMs: 0 }) }),
      ]),
    )
    await publish(site.store, buckets)
    const [fleet] = await site.facts().zoneSlices(DEFAULT_ZONE_SET, { fromMs: T0, toMs: NOW })
    expect(fleet?.slices.map(({ sourceChangedMs }) => Number(sourceChangedMs) / SLICE)).toEqual([
      0, 50, 0,
    ])
    const [late] = await site
      .facts()
      .zoneSlices(DEFAULT_ZONE_SET, { fromMs: T0 + SLICE, toMs: NOW })
    expect(Number(late?.slices[0]?.sourceChangedMs) / SLICE).toBe(50)
  })

  test('the allocated tier is of what is allocated', async () => {
    const buckets = minutes(5)
    const states = {
      allocated_known_ms: 60_000,
      allocated_ms: 45_000,
      productive_ms_x1000: 60_000_000,
    }
    await seedGroups(
      site.store,
      buckets.map((ms) => groups(ms, 10, { states })),
    )
    await publish(site.store, buckets)
    const set = ZoneSet.parse({ ...DEFAULT_ZONE_SET, tier: 'allocated' })
    const [fleet] = await site.facts().zoneSlices(set, { fromMs: T0, toMs: NOW })
    expect(fleet?.slices[0]).toMatchObject({
      knownMs: BigInt(10 * SLICE),
      busyX1000: BigInt(7500 * SLICE),
    })
  })
})

describe('events', () => {
  const event = (atMs: number, insertedMs: number, code: string) => ({
    at: dateTimeMs(atMs),
    inserted_at: dateTimeMs(insertedMs),
    device_id: '77',
    cluster: 'east',
    collector: 'c1',
    node: 'n1',
    source: 'kernel',
    type: 'xid',
    code,
    severity: 'critical',
    edge: 'point',
    message: 'fell off',
    message_zh: '掉卡',
    fault_class: 'bus',
    action: 'drain',
    action_zh: '下线',
    log_position: 4,
  })

  test('come once by their arrival, also those a collector kept for hours', async () => {
    await seedRows(site.store, 'events', [event(NOW - 2000, NOW - 1000, '79')])
    const facts = site.facts()
    const first = await facts.eventsAfter(null)
    expect(first.events).toEqual([
      {
        at_ms: NOW - 2000,
        device: '77',
        cluster: 'east',
        collector: 'c1',
        node: 'n1',
        source: 'kernel',
        type: 'xid',
        code: '79',
        severity: 'critical',
        edge: 'point',
        message: 'fell off',
        message_zh: '掉卡',
        fault_class: 'bus',
        action: 'drain',
        action_zh: '下线',
      },
    ])
    await seedRows(site.store, 'events', [event(NOW - 5 * HOUR_MS, NOW + 120_000, '48')])
    site.nowMs = NOW + 180_000
    const codes = async (cursor: string) =>
      (await facts.eventsAfter(cursor)).events.map(({ code }) => code)
    // The last minute is read again: an insert is seen some time after its stamp.
    expect(await codes(first.cursor)).toEqual(['79', '48'])
    const second = await facts.eventsAfter(first.cursor)
    expect(await codes(second.cursor)).toEqual(['48'])
    await expect(facts.eventsAfter('{}')).rejects.toMatchObject({ code: 'E_CURSOR_INVALID' })
  })

  test('a storm is read in pages without a gap', async () => {
    const storm = Array.from({ length: 7_000 }, (_, at) => ({
      ...event(NOW - 2000, NOW - 1000, '79'),
      device_id: String(at + 1),
    }))
    await seedRows(site.store, 'events', storm)
    const facts = site.facts()
    const first = await facts.eventsAfter(null)
    const second = await facts.eventsAfter(first.cursor)
    const seen = new Set([...first.events, ...second.events].map(({ device }) => device))
    expect([first.events.length, second.events.length, seen.size]).toEqual([5_000, 2_000, 7_000])
  })
})

test('standing: where devices are, who holds them, and how large the job is', async () => {
  await seedSpans(site.store, [
    { id: 1, node: 'n1', job: 'j1' },
    { id: 2, node: 'n2', job: 'j1' },
    { id: 3, node: 'n2' },
  ])
  const found = await site.facts().standing(['1', '3', '9'])
  expect(found.get('1')).toEqual({
    device: '1',
    cluster: 'east',
    hall: 'h1',
    rack: 'r1',
    pool: 'main',
    node: 'n1',
    vendor: 'nvidia',
    model: 'H100',
    tenant: 'atlas',
    job: 'j1',
    class: 'training',
    job_devices: '2',
  })
  expect(found.get('3')).not.toHaveProperty('job')
  const loop = LoopRow.parse({
    loop: 'loop-4',
    hall: 'h1',
    units: ['cdu-1'],
    racks: ['r*'],
    from_ms: 0,
    to_ms: null,
  })
  const facility = { ...site.documents.facility, loops: [loop] }
  site.documents = { ...site.documents, facility }
  expect((await site.facts().standing(['1'])).get('1')).toMatchObject({ loop: 'loop-4' })
  const place = { cluster: 'east', hall: 'h1', rack: 'r1', loop: 'loop-4' }
  expect(await site.facts().places()).toEqual([
    { ...place, node: 'n1', devices: 1 },
    { ...place, node: 'n2', devices: 2 },
  ])
  expect(found.has('9')).toBe(false)
})

test('explain, contingency and loss are the answers of the API', async () => {
  const buckets = minutes(30)
  const dims = { job: 'j1', tenant: 'atlas', class: 'training', allocation_source: 'slurm' }
  const rows = buckets.flatMap((bucketMs, at) =>
    [1, 2, 3, 4].map((deviceId) => ({ bucketMs, deviceId, busy: at < 15 ? 0.9 : 0.3, dims })),
  )
  await seedDevices(site.store, rows)
  await seedGroups(
    site.store,
    buckets.map((bucketMs, at) => ({ bucketMs, devices: 4, busy: at < 15 ? 0.9 : 0.3 })),
  )
  await publish(site.store, buckets)
  const facts = site.facts()
  const told = await facts.explain({
    atMs: T0 + 15 * MINUTE_MS,
    windowMs: 15 * MINUTE_MS,
    labels: {},
  })
  expect(told.change_ppm).toBe(-600_000)
  expect(await facts.contingency({ level: 0.2, labels: {} })).toMatchObject({
    outcome: 'reachable',
    jobs: 1,
  })
  // Four devices at 30 % against 75 %, assumed $2 an hour.
  expect(await facts.lossPerHour({})).toBeCloseTo(4 * 0.45 * 2, 9)
  expect(await facts.lossPerHour({ hall: 'h1', zone_set: 'x' })).toBeCloseTo(3.6, 9)
})
