import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Reader } from '#schemas/ports.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { DIMENSIONS } from './filters.ts'
import { fleetDeps, fleetSeries, fleetSummary } from './fleet.ts'
import {
  publish,
  seedDevices,
  seedGroups,
  seedInventory,
  seedSamples,
  type SeedMinute,
} from './seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from './window.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTES = Array.from({ length: 5 }, (_, at) => T0 + at * MINUTE_MS)

let engine: TestEngine
let now = T0 + 5 * MINUTE_MS
const deps = () =>
  fleetDeps({
    reader: engine.reader,
    clock: () => now,
    timeZone: 'Asia/Shanghai',
    simulated: false,
  })
const whole = { from: String(T0), to: String(T0 + 5 * MINUTE_MS), filters: [] }

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(async () => {
  await engine.stop()
})
beforeEach(async () => {
  now = T0 + 5 * MINUTE_MS
  for (const table of [
    'samples',
    'devices',
    'device_aliases',
    'intervals',
    'revisions',
    'ledger_1m',
    'ledger_1h',
    'ledger_1h_node',
    'ledger_1d',
    'ledger_1m_group',
  ]) {
    await engine.store.command(`TRUNCATE TABLE ${table}`)
  }
})

const east = { cluster: 'east', model: 'H100' }
const west = { cluster: 'west', model: '910B' }

/** 100 devices at 0.90 and 900 at 0.50, for five minutes. */
async function seedVector() {
  await seedGroups(
    engine.store,
    MINUTES.flatMap((bucketMs) => [
      { bucketMs, devices: 100, busy: 0.9, dims: east },
      { bucketMs, devices: 900, busy: 0.5, dims: west, busySource: 3 },
    ]),
  )
  await publish(engine.store, MINUTES)
}

describe('fleet summary', () => {
  test('100 devices at 0.90 and 900 at 0.50 are 0.54, not the 0.70 of an average of averages', async () => {
    await seedVector()
    const { groups, resolution, provisional, settled_until } = await fleetSummary(deps(), whole)
    expect(groups).toHaveLength(1)
    expect(groups[0]).toMatchObject({
      key: {},
      utilization: 0.54,
      util_lo: 0.54,
      util_hi: 0.54,
      coverage: 1,
      capacity_device_seconds: 300_000,
      known_device_seconds: 300_000,
      busy_device_seconds: 162_000,
      busy_sources: { gpu_util: 30_000, npu_util: 270_000 },
      active: { value: 0.25, coverage: 1 },
      effective: { value: null, coverage: 0 },
      power_watts: 400_000,
      temperature_celsius_max: 61.5,
    })
    expect({ resolution, provisional }).toEqual({ resolution: '1m_group', provisional: false })
    expect(settled_until).toBe(new Date(T0 + 5 * MINUTE_MS).toISOString())
  })

  test('two clusters are apart, and their sums are the fleet', async () => {
    await seedVector()
    const { groups } = await fleetSummary(deps(), { ...whole, groupBy: 'cluster,model' })
    expect(groups.map(({ key, utilization }) => ({ key, utilization }))).toEqual([
      { key: { cluster: 'east', model: 'H100' }, utilization: 0.9 },
      { key: { cluster: 'west', model: '910B' }, utilization: 0.5 },
    ])
    const busy = groups.reduce((sum, group) => sum + group.busy_device_seconds, 0)
    expect(busy).toBe(162_000)
  })

  test('filters hold for every operator', async () => {
    await seedVector()
    const ask = async (...filters: string[]) =>
      (await fleetSummary(deps(), { ...whole, filters })).groups[0]?.utilization
    expect(await ask('cluster:eq:east')).toBe(0.9)
    expect(await ask('cluster:ne:east')).toBe(0.5)
    expect(await ask('model:in:H100,910B')).toBe(0.54)
    expect(await ask('model:prefix:91')).toBe(0.5)
    expect(await ask('model:prefix:9', 'cluster:eq:east')).toBeNull()
  })

  test('a revision that is not published is never read, an older one is never counted beside it', async () => {
    await seedVector()
    const again = MINUTES.map((bucketMs) => ({ bucketMs, devices: 1000, busy: 0.1, revision: 2 }))
    await seedGroups(engine.store, again)
    expect((await fleetSummary(deps(), whole)).groups[0]?.utilization).toBe(0.54)
    await publish(engine.store, MINUTES, { revision: 2 })
    const { groups } = await fleetSummary(deps(), whole)
    expect(groups[0]).toMatchObject({ utilization: 0.1, capacity_device_seconds: 300_000 })
  })

  test('what is unknown widens the bounds and is not idle', async () => {
    await seedGroups(engine.store, [{ bucketMs: T0, devices: 10, busy: 0.5, knownMs: 45_000 }])
    await publish(engine.store, [T0])
    const { groups } = await fleetSummary(deps(), { ...whole, to: String(T0 + MINUTE_MS) })
    expect(groups[0]).toMatchObject({
      utilization: 0.5,
      util_lo: 0.375,
      util_hi: 0.625,
      coverage: 0.75,
    })
  })

  test('a window without data has null figures, not zero', async () => {
    const { groups, resolution, settled_until } = await fleetSummary(deps(), whole)
    expect(groups[0]).toMatchObject({
      utilization: null,
      util_lo: null,
      coverage: null,
      power_watts: null,
      temperature_celsius_max: null,
      devices: 0,
    })
    expect({ resolution, settled_until }).toEqual({ resolution: 'raw', settled_until: null })
  })

  test('minutes newer than settled come from raw samples, are added and are marked', async () => {
    await seedInventory(engine.store, [
      { id: 1, sinceMs: T0, dims: east },
      { id: 2, sinceMs: T0, dims: west },
    ])
    const settled: SeedMinute[] = [
      { bucketMs: T0, deviceId: 1, busy: 1, dims: east },
      { bucketMs: T0, deviceId: 2, busy: 0, dims: west },
    ]
    await seedDevices(engine.store, settled)
    await seedGroups(
      engine.store,
      settled.map((minute) => ({ ...minute, devices: 1 })),
    )
    await publish(engine.store, [T0])
    await seedSamples(
      engine.store,
      [0, 1, 2, 3, 4, 5].map((at) => ({
        tsMs: T0 + MINUTE_MS + at * 10_000,
        id: 1,
        busy_ratio: 0.5,
      })),
    )
    const asked = { ...whole, to: String(T0 + 2 * MINUTE_MS) }
    const answer = await fleetSummary(deps(), asked)
    expect(answer).toMatchObject({ provisional: true, resolution: '1m_group' })
    expect(answer.groups[0]).toMatchObject({
      devices: 2,
      capacity_device_seconds: 240,
      known_device_seconds: 180,
      busy_device_seconds: 90,
      utilization: 0.5,
    })
    const byNode = await fleetSummary(deps(), { ...asked, groupBy: 'cluster,node' })
    expect(byNode.resolution).toBe('1m')
    expect(byNode.groups.map((group) => group.busy_device_seconds)).toEqual([90, 0])
    expect(byNode.groups.map((group) => group.coverage)).toEqual([1, 0.5])
    const without = await fleetSummary(deps(), { ...whole, to: undefined })
    expect(without).toMatchObject({
      provisional: false,
      to: new Date(T0 + MINUTE_MS).toISOString(),
    })
  })

  test('devices that deliver and are not accepted are counted apart', async () => {
    await seedInventory(engine.store, [
      { id: 1, sinceMs: T0 },
      { id: 7, sinceMs: T0, acceptedMs: null },
      { id: 8, sinceMs: T0, acceptedMs: null, parentId: 1 },
    ])
    await seedSamples(
      engine.store,
      [1, 7, 8].map((id) => ({ tsMs: now - 20_000, id, busy_ratio: 0.5 })),
    )
    expect((await fleetSummary(deps(), whole)).pending_devices).toBe(2 - 1)
  })

  test('hours answer a long question by node, minutes its edges, and the sum is the same', async () => {
    const from = T0 - 30 * MINUTE_MS
    const to = T0 + 6 * HOUR_MS + 10 * MINUTE_MS
    now = to
    const buckets = Array.from(
      { length: (to - from) / MINUTE_MS },
      (_, at) => from + at * MINUTE_MS,
    )
    const minutes = buckets.map((bucketMs, at) => ({ bucketMs, busy: (at % 10) / 10 }))
    await seedDevices(engine.store, minutes)
    await publish(engine.store, buckets)
    const asked = { from: String(from), to: String(to), filters: [], groupBy: 'node' }
    const fromMinutes = await fleetSummary(deps(), asked)
    expect(fromMinutes.resolution).toBe('1m')
    const hours = Array.from({ length: 6 }, (_, at) => T0 + at * HOUR_MS)
    await seedDevices(
      engine.store,
      hours.map((bucketMs) => ({ bucketMs, busy: 0.45 })),
      'ledger_1h',
    )
    await publish(engine.store, hours, { resolution: '1h' })
    const fromHours = await fleetSummary(deps(), asked)
    expect(fromHours.resolution).toBe('1h')
    expect(fromHours.groups).toEqual(fromMinutes.groups)
  })

  test('power is the mean of the time in which a job ran, not of the time between its runs', async () => {
    now = T0 + 24 * HOUR_MS
    const run = { dims: { job: 'twice' }, watts: 700 }
    const hours = [T0, T0 + 23 * HOUR_MS].map((bucketMs) => ({ bucketMs, ...run }))
    // Two devices, in one of the hours by another source: more rows, not more time.
    const ofTwo = hours.map((hour) => ({ ...hour, deviceId: 2, busySource: 1 }))
    await seedDevices(engine.store, [...hours, ...ofTwo.slice(1)], 'ledger_1h')
    const day = Array.from({ length: 24 }, (_, at) => T0 + at * HOUR_MS)
    await publish(engine.store, day, { resolution: '1h' })
    const minutes = Array.from({ length: 24 * 60 }, (_, at) => T0 + at * MINUTE_MS)
    await publish(engine.store, minutes)
    const asked = { from: String(T0), to: String(now), filters: [], groupBy: 'job' }
    const power = async (more = {}) =>
      (await fleetSummary(deps(), { ...asked, ...more })).groups.map(
        ({ power_watts }) => power_watts,
      )
    expect((await fleetSummary(deps(), asked)).resolution).toBe('1h')
    expect(await power()).toEqual([(700 + 1400) / 2])
    await seedDevices(engine.store, [
      { bucketMs: T0, ...run },
      { bucketMs: T0 + 59 * MINUTE_MS, ...run },
    ])
    expect(await power({ to: String(T0 + HOUR_MS) })).toEqual([700])
    await seedGroups(engine.store, [
      { bucketMs: T0, ...run, devices: 1 },
      { bucketMs: T0 + 59 * MINUTE_MS, ...run, devices: 1 },
    ])
    expect(await power({ groupBy: 'model' })).toEqual([700])
    const chart = { ...asked, groupBy: 'model', to: String(T0 + HOUR_MS), points: 1 }
    const { groups } = await fleetSeries(deps(), { ...chart, metric: 'power_watts' })
    expect(groups[0]?.values).toEqual([700])
  })

  test('hours by node answer a wide question where they are those of the devices, and only there', async () => {
    now = T0 + 6 * HOUR_MS
    // What is settled ends with the window.
    await publish(engine.store, [T0, now - MINUTE_MS])
    const hours = Array.from({ length: 6 }, (_, at) => T0 + at * HOUR_MS)
    const devices = [1, 2].flatMap((deviceId) =>
      hours.map((bucketMs) => ({ bucketMs, deviceId, busy: deviceId / 4 })),
    )
    await seedDevices(engine.store, devices, 'ledger_1h')
    await publish(engine.store, hours, { resolution: '1h' })
    // As settling makes them: of the first revision of the hours.
    const file = new URL('../ingest/settle/hour-nodes.sql', import.meta.url)
    const range = { from_ms: T0, to_ms: T0 + 6 * HOUR_MS, revision: 1 }
    await engine.store.command(await readFile(file, 'utf8'), range)
    await publish(engine.store, hours, { resolution: '1h_node' })
    const asked: string[] = []
    const reader: Reader = {
      ping: () => engine.reader.ping(),
      query(sql, params, limits) {
        asked.push(String(params['table']))
        return engine.reader.query(sql, params, limits)
      },
    }
    const ask = () =>
      fleetSummary(fleetDeps({ ...deps(), reader }), {
        from: String(T0),
        to: String(now),
        groupBy: 'model',
        filters: [],
      })
    const byNode = await ask()
    expect(asked).toContain('ledger_1h_node')
    expect(byNode.groups).toMatchObject([{ utilization: 0.375, coverage: 1 }])
    asked.length = 0
    await seedDevices(
      engine.store,
      devices.slice(0, 1).map((hour) => ({ ...hour, revision: 2 })),
      'ledger_1h',
    )
    await publish(engine.store, hours.slice(0, 1), { resolution: '1h', revision: 2 })
    await ask()
    expect(asked).not.toContain('ledger_1h_node')
  })

  test('local days answer most of a long question by group, and the sum is the same', async () => {
    const from = T0 - 2 * HOUR_MS
    const to = from + 4 * 24 * HOUR_MS
    now = to
    const count = (to - from) / MINUTE_MS
    const buckets = Array.from({ length: count }, (_, at) => from + at * MINUTE_MS)
    const minutes = buckets.map((bucketMs, at) => ({ bucketMs, devices: 1, busy: (at % 10) / 10 }))
    await seedGroups(engine.store, minutes)
    await publish(engine.store, buckets)
    const asked = { from: String(from), to: String(to), filters: [], groupBy: 'model' }
    const fromMinutes = await fleetSummary(deps(), asked)
    expect(fromMinutes.resolution).toBe('1m_group')
    // Midnight in Shanghai is 16:00 UTC.
    const days = [0, 1, 2].map((at) => Date.UTC(2026, 4, 4 + at, 16))
    await seedDevices(
      engine.store,
      days.map((bucketMs) => ({ bucketMs, busy: 0.45 })),
      'ledger_1d',
    )
    await publish(engine.store, days, { resolution: '1d' })
    const fromDays = await fleetSummary(deps(), asked)
    expect(fromDays.resolution).toBe('1d')
    expect(fromDays.groups).toEqual(fromMinutes.groups)
    // The site was in another zone before: its days of then lie across those of now.
    const daysOfThen = [5, 6].map((day) => Date.UTC(2026, 4, day))
    await seedDevices(
      engine.store,
      daysOfThen.map((bucketMs) => ({ bucketMs, busy: 0.45 })),
      'ledger_1d',
    )
    await publish(engine.store, daysOfThen, { resolution: '1d' })
    const afterChange = await fleetSummary(deps(), asked)
    expect(afterChange.resolution).toBe('1d')
    expect(afterChange.groups).toEqual(fromMinutes.groups)
  })

  test('distinct devices are counted by what they were in the window', async () => {
    await seedInventory(engine.store, [
      { id: 1, sinceMs: T0 - HOUR_MS, dims: { job: 'a' } },
      { id: 2, sinceMs: T0 - HOUR_MS, dims: { job: 'a' } },
      { id: 3, sinceMs: T0 + HOUR_MS, dims: { job: 'c' } },
    ])
    await seedInventory(engine.store, [
      { id: 2, sinceMs: T0 + 2 * MINUTE_MS, acceptedMs: T0 - HOUR_MS, dims: { job: 'b' } },
    ])
    const buckets = MINUTES.flatMap((bucketMs) => [
      { bucketMs, deviceId: 1, dims: { job: 'a' } },
      { bucketMs, deviceId: 2, dims: { job: bucketMs < T0 + 2 * MINUTE_MS ? 'a' : 'b' } },
    ])
    await seedDevices(engine.store, buckets)
    await publish(engine.store, MINUTES)
    const { groups } = await fleetSummary(deps(), { ...whole, groupBy: 'job' })
    expect(groups.map(({ key, devices }) => [key['job'], devices])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })

  test('SQL in any filter value is text', async () => {
    await seedVector()
    const evil = [
      `x'; DROP TABLE ledger_1m_group; --`,
      `x') OR 1=1 --`,
      `\\'] OR 1=1`,
      '\u0000\t\n\'"`\\N',
      `{cluster_in:Array(String)}`,
      '昇腾',
    ]
    const utilization = async (filters: string[]) =>
      (await fleetSummary(deps(), { ...whole, filters })).groups[0]?.utilization
    for (const [at, value] of evil.entries()) {
      const field = DIMENSIONS[at % DIMENSIONS.length] ?? 'cluster'
      for (const operator of ['eq', 'in', 'prefix']) {
        expect(await utilization([`${field}:${operator}:${value}`])).toBeNull()
      }
      const all = ['cluster', 'hall', 'pool', 'vendor', 'model'].map(
        (name) => `${name}:ne:${value}`,
      )
      expect(await utilization(all)).toBe(0.54)
    }
  })
})
