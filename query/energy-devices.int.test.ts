import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DeviceEnergyAnswer } from '#schemas/api-energy-devices.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { testApp, type TestApp } from './access/access.testing.ts'
import { energyDevices, type EnergyDevicesQuestion } from './energy-devices.ts'
import { DAY_MS, HOUR_MS } from './window.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Midnight in Shanghai. */
const T0 = Date.UTC(2026, 4, 3, 16)
const QUARTER = 900_000
const NOW = T0 + 2 * DAY_MS
const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/** A quarter hour of eight devices on a node; what is left out is 1 kWh by counters that speak all the time. */
const quarter = (at: number, more: Readonly<Record<string, unknown>> = {}) => ({
  bucket: dateTime(T0 + at * QUARTER),
  revision: 1,
  cluster: 'east',
  hall: 'h1',
  rack: 'r1',
  pool: 'main',
  node: 'n1',
  vendor: 'nvidia',
  model: 'H100',
  devices: 8,
  capacity_ms: 8 * QUARTER,
  energy_mj: 3.6e9,
  counter_mj: 3.6e9,
  counter_ms: 8 * QUARTER,
  as_of: dateTime(NOW),
  ...more,
})
/** The same by power, of another vendor, for half of the time. */
const byPower = (at: number, revision = 1) =>
  quarter(at, {
    revision,
    node: 'n2',
    vendor: 'huawei',
    model: 'Ascend 910B3',
    rack: 'r2',
    counter_mj: 0,
    counter_ms: 0,
    power_mj: 1.8e9,
    energy_mj: 1.8e9,
    power_ms: 4 * QUARTER,
    gaps_ms: 4 * QUARTER,
  })

let engine: TestEngine
let web: TestApp
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const rows = [
    quarter(0, { resets: 1, both_counter_mj: 2e9, both_power_mj: 2.02e9 }),
    byPower(0),
    // Replaced: nobody reads it.
    quarter(1, { energy_mj: 9e12, counter_mj: 9e12 }),
    quarter(1, { revision: 2, rejected: 2, bridged_mj: 0.9e9, bridged_ms: QUARTER }),
    // Not published.
    quarter(1, { revision: 3, energy_mj: 9e12, counter_mj: 9e12 }),
    byPower(1, 2),
    ...Array.from({ length: 94 }, (_, at) => quarter(at + 2)),
    ...Array.from({ length: 4 }, (_, at) => quarter(at + 96)),
  ]
  await engine.store.insertJson('energy_15m', rows, 'energy')
  const revisions = Array.from({ length: 100 }, (_, at) => ({
    resolution: '15m-energy',
    bucket: dateTime(T0 + at * QUARTER),
    revision: at === 1 ? 2 : 1,
    as_of: dateTime(NOW),
    row_count: 1,
  }))
  await engine.store.insertJson('revisions', revisions, 'revisions')
  web = await testApp({ reader: engine.reader, clock: () => NOW })
})
afterAll(async () => {
  await web.app.close()
  await engine.stop()
})

const ask = (question: Partial<EnergyDevicesQuestion>) =>
  energyDevices(
    { reader: engine.reader, clock: () => NOW, timeZone: 'Asia/Shanghai', simulated: false },
    {
      from: String(T0),
      to: String(T0 + 2 * QUARTER),
      groupBy: undefined,
      filters: [],
      ...question,
    },
  )

describe('GET /api/v1/energy/devices', () => {
  test('sums published quarter hours: energy, coverage, where it comes from, how well the two agree', async () => {
    const { groups, ...answer } = await ask({})
    expect(answer).toEqual({
      definition: expect.any(String),
      from: '2026-05-03T16:00:00.000Z',
      to: '2026-05-03T16:30:00.000Z',
      resolution: '15m',
      settled_until: '2026-05-04T17:00:00.000Z',
      provisional: false,
      buckets: { expected: 2, settled: 2 },
      simulated: false,
    })
    expect(groups).toEqual([
      {
        key: {},
        kwh: 3,
        capacity_device_hours: 8,
        coverage: 0.75,
        by_counter: expect.closeTo(2 / 3, 12),
        by_power: expect.closeTo(1 / 3, 12),
        bridged: expect.closeTo(0.25 / 3, 12),
        resets: 1,
        rejected: 2,
        agreement: expect.closeTo(2 / 2.02, 12),
      },
    ])
  })

  test('groups and filters by what nodes are', async () => {
    const { groups } = await ask({ groupBy: 'vendor,node' })
    expect(
      groups.map(({ key, kwh, coverage, agreement }) => ({ key, kwh, coverage, agreement })),
    ).toEqual([
      { key: { vendor: 'huawei', node: 'n2' }, kwh: 1, coverage: 0.5, agreement: null },
      { key: { vendor: 'nvidia', node: 'n1' }, kwh: 2, coverage: 1, agreement: expect.any(Number) },
    ])
    const filtered = await ask({ filters: ['model:prefix:Ascend'] })
    expect(filtered.groups).toMatchObject([{ kwh: 1, by_power: 1, by_counter: 0 }])
    const nobody = await ask({ filters: ['rack:eq:r9'] })
    expect(nobody.groups).toMatchObject([{ kwh: 0, coverage: null, by_power: null }])
  })

  test('has no answer by who held devices, and says so', async () => {
    await expect(ask({ groupBy: 'tenant' })).rejects.toMatchObject({ code: 'E_FILTER_INVALID' })
    await expect(ask({ filters: ['job:eq:a'] })).rejects.toThrow(
      /energy is kept by node and not by job/,
    )
  })

  test('has steps of quarter hours, hours and local days', async () => {
    const day = { from: String(T0), to: String(T0 + DAY_MS + HOUR_MS) }
    const quarters = await ask({ resolution: '15m', filters: ['node:eq:n1'] })
    expect(quarters.groups[0]?.series).toEqual({
      unit: 'kwh',
      t0: T0,
      step_ms: QUARTER,
      values: [1, 1],
      coverage: [1, 1],
    })
    const hours = await ask({ ...day, resolution: '1h' })
    expect(hours.groups[0]?.series?.values.slice(0, 2)).toEqual([5, 4])
    const days = await ask({ ...day, resolution: '1d' })
    expect(days.groups[0]?.series).toMatchObject({ t0: T0, step_ms: DAY_MS, values: [97, 4] })
    expect(days.groups[0]?.kwh).toBe(101)
  })

  test('marks what is not settled, and leaves it out', async () => {
    const answer = await ask({
      from: String(T0 + DAY_MS),
      to: String(T0 + DAY_MS + 2 * HOUR_MS),
      resolution: '1h',
    })
    expect(answer).toMatchObject({ provisional: true, buckets: { expected: 8, settled: 4 } })
    expect(answer.groups[0]).toMatchObject({ kwh: 4, capacity_device_hours: 8 })
    expect(answer.groups[0]?.series?.values).toEqual([4, null])
  })

  test('refuses more steps than anybody reads', async () => {
    const year = { from: String(NOW - 399 * DAY_MS), to: String(NOW) }
    await expect(ask({ ...year, resolution: '15m' })).rejects.toMatchObject({
      code: 'E_QUERY_TOO_LARGE',
    })
  })

  test('is a route that answers by its contract', async () => {
    const url = `/api/v1/energy/devices?from=${T0}&to=${T0 + HOUR_MS}&group_by=rack&resolution=1h`
    const answer = DeviceEnergyAnswer.parse((await web.app.inject(url)).json())
    expect(answer.groups.map(({ key }) => key)).toEqual([{ rack: 'r1' }, { rack: 'r2' }])
    const wrong = await web.app.inject('/api/v1/energy/devices?resolution=1m')
    expect(wrong.statusCode).toBe(400)
  })
})
