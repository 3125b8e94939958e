import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ThermalAnswer } from '#schemas/api-thermal.ts'
import { type FacilityBook, NO_FACILITY } from '#schemas/facility.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { bookOf, seedReadings } from './facility/facility.testing.ts'
import { fleetDeps } from './fleet.ts'
import { publish, seedRows, seedSamples } from './seed.testing.ts'
import { createThermal, type ThermalQuestion } from './thermal.ts'
import { HOUR_MS, MINUTE_MS } from './window.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTES = Array.from({ length: 10 }, (_, at) => T0 + at * MINUTE_MS)
const HOURS = [T0 - 3 * HOUR_MS, T0 - 2 * HOUR_MS, T0 - HOUR_MS]

let engine: TestEngine
let facility: FacilityBook = NO_FACILITY
let ask: (question?: Partial<ThermalQuestion>) => Promise<ThermalAnswer>

const models = modelCatalogue([
  {
    names: ['H100'],
    vendor: 'nvidia',
    temperature_slowdown_celsius: { value: 87, confidence: 'published', source: 'test' },
  },
])

const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/** Device 12 is 15 degrees above its rack and throttles; 13 says its own margin; 20 has no temperature. */
function row(bucketMs: number, id: number, ms = MINUTE_MS) {
  const celsius = 60 + (id % 3) + (id === 12 ? 15 : 0)
  const isTold = id !== 20
  return {
    bucket: dateTime(bucketMs),
    device_id: id,
    revision: 1,
    cluster: 'east',
    hall: 'h1',
    rack: id < 16 ? 'r1' : 'r2',
    pool: 'main',
    node: `n${Math.floor(id / 8)}`,
    vendor: 'nvidia',
    model: 'H100',
    tenant: '',
    job: '',
    class: '',
    busy_source: 1,
    capacity_ms: ms,
    known_ms: ms,
    power_known_ms: ms,
    power_mw_ms: 500_000 * ms,
    temperature_known_ms: isTold ? ms : 0,
    temperature_mc_ms: isTold ? celsius * 1000 * ms : 0,
    temperature_max: isTold ? celsius + 1 : null,
    margin_min: id === 13 ? 3 : null,
    throttled_ms_x1000: id === 12 ? 100 * ms : 0,
    throttled_heat_ms_x1000: id === 12 ? 100 * ms : 0,
    ...(ms === MINUTE_MS ? {} : { busy_histogram_ms: [] }),
  }
}

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  const ids = Array.from({ length: 24 }, (_, id) => id)
  const wrong = { ...row(T0, 1), revision: 9, temperature_max: 120 }
  await seedRows(store, 'ledger_1m', [
    ...MINUTES.flatMap((ms) => ids.map((id) => row(ms, id))),
    wrong,
  ])
  await seedRows(
    store,
    'ledger_1h',
    HOURS.flatMap((ms) => ids.map((id) => row(ms, id, HOUR_MS))),
  )
  await publish(store, MINUTES)
  await publish(store, HOURS, { resolution: '1h' })
  // Device 12 warms by 2 degrees a minute.
  const ticks = Array.from({ length: 60 }, (_, at) => ({
    tsMs: T0 + at * 10_000,
    id: 12,
    temperature_celsius: 60 + at / 3,
  }))
  await seedSamples(store, ticks)
  const fleet = fleetDeps({
    reader: engine.reader,
    clock: () => T0 + 11 * MINUTE_MS,
    timeZone: 'Asia/Shanghai',
    simulated: false,
  })
  const documents = () => Promise.resolve({ facility })
  const thermal = createThermal({ ...fleet, models, documents })
  ask = async (question = {}) =>
    ThermalAnswer.parse(
      await thermal({
        filters: [],
        minutes: 10,
        sort: '-temperature_celsius',
        limit: 50,
        ...question,
      }),
    )
})
afterAll(async () => {
  await engine.stop()
})

describe('heat', () => {
  test('the hottest device with margin, rise, peers and throttled hours', async () => {
    const answer = await ask({ limit: 1 })
    expect(answer).toMatchObject({
      from: '2026-05-04T08:00:00.000Z',
      to: '2026-05-04T08:10:00.000Z',
      total: 24,
      with_temperature: 23,
    })
    expect(answer.temperature_coverage).toBeCloseTo(23 / 24, 12)
    const [hottest] = answer.devices
    expect(hottest).toMatchObject({
      device_id: '12',
      rack: 'r1',
      node: 'n1',
      temperature_celsius: 75,
      temperature_celsius_max: 76,
      margin_celsius: 11,
      margin_source: 'model',
      rise_samples: 60,
      power_watts: 500,
      temperature_coverage: 1,
      peers: {
        reference: 'peers',
        unit: 'celsius',
        peers: 16,
        median: 61,
        mad: 1,
        deviation: 14,
        score: 14,
        is_outlier: true,
        reason: null,
      },
      throttled_heat_seconds: 60,
      throttled_heat_24h: {
        device_seconds: 1080,
        hours: HOURS.map((ms) => ({ from: new Date(ms).toISOString(), device_seconds: 360 })),
      },
    })
    expect(hottest?.rise_celsius_per_minute).toBeCloseTo(2, 4)
  })

  test('racks with the least margin come first, with their outliers', async () => {
    const { racks } = await ask()
    expect(racks).toMatchObject([
      {
        rack: 'r1',
        devices: 16,
        temperature_celsius_median: 61,
        temperature_celsius_max: 76,
        margin_celsius_min: 3,
        devices_below_margin: 1,
        outliers: 1,
        throttled_heat_seconds: 60,
        temperature_coverage: 1,
      },
      {
        rack: 'r2',
        devices: 8,
        outliers: 0,
        throttled_heat_seconds: 0,
        temperature_coverage: 0.875,
      },
    ])
  })

  test('other orders; devices without the figure come last', async () => {
    const first = async (sort: ThermalQuestion['sort']) => (await ask({ sort })).devices
    const [least] = await first('margin_celsius')
    expect(least).toMatchObject({ device_id: '13', margin_celsius: 3, margin_source: 'device' })
    for (const sort of ['-score', '-throttled_heat_seconds'] as const)
      expect((await first(sort))[0]?.device_id).toBe('12')
    expect((await first('temperature_celsius')).at(-1)).toMatchObject({
      device_id: '20',
      temperature_celsius: null,
      margin_celsius: null,
      margin_source: null,
      peers: { score: null, reason: 'no_temperature' },
      temperature_coverage: 0,
    })
  })

  test('filters and pages: every device once', async () => {
    const filters = ['rack:eq:r2']
    const one = await ask({ filters, limit: 5 })
    expect([one.total, one.devices.length]).toEqual([8, 5])
    const two = await ask({ filters, limit: 5, cursor: one.next_cursor ?? '' })
    expect(two.next_cursor).toBeNull()
    const ids = [...one.devices, ...two.devices].map(({ device_id }) => device_id)
    expect(new Set(ids).size).toBe(8)
    await expect(ask({ limit: 5, cursor: one.next_cursor ?? '' })).rejects.toMatchObject({
      code: 'E_CURSOR_INVALID',
    })
    expect(await ask({ filters: ['rack:eq:none'] })).toMatchObject({
      total: 0,
      devices: [],
      racks: [],
      temperature_coverage: null,
    })
  })

  test('where a loop is known its supply is the reference: resistance in kelvin per watt', async () => {
    facility = bookOf({
      loops: [{ loop: 'l1', hall: 'h1', units: ['cdu-1', 'cdu-2'], racks: ['r1'] }],
    })
    const reading = (meter: string, celsius: number, flow: number) => ({
      atMs: T0 + MINUTE_MS,
      meter,
      values: { supply_temperature_celsius: celsius, flow_liters_per_minute: flow },
    })
    // Weighed by flow: 30 degrees.
    await seedReadings(engine.store, [
      reading('cdu-1/secondary', 28, 300),
      reading('cdu-2/secondary', 36, 100),
      reading('cdu-1/primary', 20, 400),
    ])
    // Another scope than before: what was read is remembered for some seconds.
    const { devices } = await ask({ filters: ['hall:eq:h1'] })
    const of = (id: string) => devices.find(({ device_id }) => device_id === id)?.peers
    expect(of('12')).toMatchObject({
      reference: 'supply',
      unit: 'celsius_per_watt',
      resistance: expect.closeTo((75 - 30) / 500, 9),
      median: expect.closeTo((61 - 30) / 500, 9),
      is_outlier: true,
    })
    expect(of('18')).toMatchObject({ reference: 'peers', resistance: null })
    facility = NO_FACILITY
  })
})
