import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FacilityLoopsAnswer } from '#schemas/api-facility-tree.ts'
import { type LedgerSite, NOTHING, startLedgerSite } from '../ledger/ledger.testing.ts'
import { publish, seedDevices, seedInventory, seedRows } from '../seed.testing.ts'
import { DAY_MS, MINUTE_MS } from '../window.ts'
import { facilityDeps } from './deps.ts'
import { bookOf, type SeedReading, seedReadings } from './facility.testing.ts'
import { createFacilityLoops } from './loops.ts'
import { loopDrifts } from '../report/loop-drift.ts'

const NOW = Date.UTC(2026, 4, 4, 9)
let site: LedgerSite

beforeAll(async () => {
  site = await startLedgerSite()
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
  for (const table of ['events', 'device_spans', 'span_sets'])
    await site.store.command(`TRUNCATE TABLE ${table}`)
  site.nowMs = NOW
  site.documents = { ...NOTHING, facility }
})

const facility = bookOf({
  meters: [
    { meter: 'pdu-1', role: 'it', level: 'pdu_output', hall: 'h1', rack: 'r1' },
    { meter: 'pdu-2', role: 'it', level: 'pdu_output', hall: 'h1', rack: 'r2' },
    { meter: 'pdu-9', role: 'it', level: 'pdu_output', hall: 'h2', rack: 'r1' },
    { meter: 'cdu-1/leak/9', role: 'cooling', level: 'ambient' },
  ],
  loops: [
    {
      loop: 'loop-1',
      hall: 'h1',
      units: ['cdu-1', 'cdu-2'],
      racks: ['r?'],
      room: 'room-1',
      design: {
        capture_ratio: 0.8,
        density_kg_per_cubic_meter: 1000,
        heat_capacity_joules_per_kg_kelvin: 4000,
      },
    },
  ],
})

const ask = async () =>
  FacilityLoopsAnswer.parse(await createFacilityLoops(facilityDeps(site.deps()))())
const loopNow = async () => {
  const [loop] = (await ask()).loops
  if (loop === undefined) throw new Error('no loop')
  return loop
}

/** Readings every 10 s of the last ten minutes. */
const readings = (
  meter: string,
  values: (minutesAgo: number) => SeedReading['values'],
  untilMs = NOW,
): SeedReading[] =>
  Array.from({ length: 61 }, (_, at) => ({
    atMs: untilMs - at * 10_000,
    meter,
    values: values(at / 6),
    stepMs: 10_000,
  }))

/** 600 L/min at 10 K in two units: 1000 kg/m3 x 0.005 m3/s x 4 kJ/kgK x 10 K = 200 kW each. */
const healthy = (unit: string, rise = 0, untilMs = NOW): SeedReading[] => [
  ...readings(`${unit}/primary`, () => ({ supply_temperature_celsius: 30 }), untilMs),
  ...readings(
    `${unit}/secondary`,
    (ago) => ({
      supply_temperature_celsius: 40 - rise * ago,
      return_temperature_celsius: 50 - rise * ago,
      flow_liters_per_minute: 300,
      heat_removed_watts: 190_000,
    }),
    untilMs,
  ),
  ...readings(`${unit}/pump/1`, () => ({ pump_state: 0, pump_speed_ratio: 0.6 }), untilMs),
  ...readings(`${unit}/pump/2`, () => ({ pump_state: 1 }), untilMs),
  ...readings(`${unit}/leak/1`, () => ({ leak_state: 0 }), untilMs),
  ...readings(unit, () => ({ reservoir_level_ratio: 0.7 }), untilMs),
]
const rest = (): SeedReading[] => [
  ...readings('room-1', () => ({ dew_point_celsius: 15 })),
  ...readings('cdu-1/leak/9', () => ({ leak_state: 4 })),
  ...readings('pdu-1', () => ({ power_watts: 150_000 })),
  ...readings('pdu-2', () => ({ power_watts: 100_000 })),
  ...readings('pdu-9', () => ({ power_watts: 900_000 })),
]
const event = (atMs: number, more: Record<string, unknown>) => ({
  at: new Date(atMs).toISOString().slice(0, 23).replace('T', ' '),
  device_id: 0,
  cluster: '',
  collector: 'c1',
  node: 'cdu-1',
  source: 'modbus',
  type: 'flow',
  code: 'cdu-1/secondary flow_share low alarm 0.65',
  severity: 'critical',
  edge: 'open',
  message: 'cdu-1/secondary: flow 40 %',
  message_zh: '',
  fault_class: 'cooling',
  action: '',
  action_zh: '',
  log_position: 1,
  ...more,
})

describe('a loop that is well', () => {
  test('temperatures, flow, heat by both ways, balance against its racks', async () => {
    await seedReadings(site.store, [...healthy('cdu-1'), ...healthy('cdu-2'), ...rest()])
    const loop = await loopNow()
    expect(loop).toMatchObject({
      state: 'ok',
      reasons: [],
      since: null,
      supply_celsius: 40,
      return_celsius: 50,
      delta_kelvin: 10,
      flow_liters_per_minute: 600,
      approach_kelvin_max: 10,
      dew_point_margin_kelvin_min: 25,
      heat: {
        given_watts: 380_000,
        computed_watts: expect.closeTo(400_000, 6),
        it_watts: expect.closeTo(250_000, 6),
        it_meters: 2,
        expected_watts: expect.closeTo(200_000, 6),
        residual_ratio: expect.closeTo(1, 9),
        is_balanced: false,
        observed_capture_ratio: expect.closeTo(1.6, 9),
        coolant: 'design',
      },
    })
    expect(loop.rise_kelvin_per_minute_max).toBeCloseTo(0, 9)
    expect(loop.design).toMatchObject({ supply_celsius: null, capacity_watts: null })
    const { t0, step_ms, supply_celsius, flow_liters_per_minute } = loop.units[0]?.trend ?? {}
    expect([t0, step_ms]).toEqual([NOW - 59 * MINUTE_MS, MINUTE_MS])
    // Ten minutes and the one that just begins; nothing was said before.
    expect(supply_celsius).toEqual([...Array(49).fill(null), ...Array(11).fill(40)])
    expect(flow_liters_per_minute).toEqual([...Array(49).fill(null), ...Array(11).fill(300)])
    expect(loop.units[0]).toMatchObject({
      unit: 'cdu-1',
      communication_age_seconds: 0,
      is_silent: false,
      heat_computed_watts: expect.closeTo(200_000, 6),
      pumps: [
        { meter: 'cdu-1/pump/1', state: 'running', speed_ratio: 0.6 },
        { meter: 'cdu-1/pump/2', state: 'standby', speed_ratio: null },
      ],
      leaks: [
        { meter: 'cdu-1/leak/1', state: 'ok' },
        { meter: 'cdu-1/leak/9', state: 'absent' },
      ],
      reservoir_level_ratio: 0.7,
    })
  })

  test('its devices, jobs and least margin, and the minutes until they slow down', async () => {
    await seedReadings(site.store, [...healthy('cdu-1', 2), ...healthy('cdu-2'), ...rest()])
    const dims = [
      { hall: 'h1', rack: 'r1', node: 'n1', job: 'j1' },
      { hall: 'h1', rack: 'r2', node: 'n2', job: 'j2' },
      { hall: 'h2', rack: 'r1', node: 'n3', job: 'j3' },
    ]
    await seedInventory(
      site.store,
      dims.map((place, at) => ({ id: at + 1, sinceMs: NOW - DAY_MS, dims: place })),
    )
    const model = 'NVIDIA H100 80GB HBM3'
    await seedDevices(
      site.store,
      dims.map((place, at) => ({
        bucketMs: NOW - MINUTE_MS,
        deviceId: at + 1,
        dims: { ...place, model },
      })),
    )
    await publish(site.store, [NOW - MINUTE_MS])
    const { on_it, rise_kelvin_per_minute_max: rise } = await loopNow()
    expect(rise).toBeCloseTo(2, 6)
    expect(on_it).toMatchObject({ racks: ['r1', 'r2'], devices: 2, nodes: 2 })
    const margin = on_it.margin_kelvin_min ?? 0
    expect(margin).toBeGreaterThan(0)
    expect(on_it.minutes_to_slowdown).toBeCloseTo(margin / 2, 6)
  })
})

describe('a loop that is not', () => {
  test('open findings say what and since when; what was closed or said before a new start does not', async () => {
    await seedReadings(site.store, [...healthy('cdu-1'), ...healthy('cdu-2'), ...rest()])
    const begun = NOW - 5 * MINUTE_MS
    const warning = { severity: 'warning', code: 'cdu-1/secondary flow_share low warning 0.85' }
    const pump = { type: 'pump', code: 'cdu-1/pump/2 pump_failed high warning 1' }
    await seedRows(site.store, 'events', [
      event(begun - MINUTE_MS, warning),
      event(begun, { action: 'Look for a closed valve.', action_zh: '检查阀门。' }),
      event(begun, pump),
      event(begun + 1000, { ...pump, edge: 'closed', severity: 'info' }),
      event(begun, {
        collector: 'c2',
        node: 'cdu-2',
        code: 'cdu-2/secondary flow_share low alarm 0.65',
      }),
      event(begun + 1000, {
        collector: 'c2',
        node: 'x',
        type: 'collector_start',
        code: '',
        edge: 'point',
      }),
      event(begun, { node: 'cdu-7' }),
      event(begun, {
        type: 'device_limits',
        severity: 'info',
        code: 'cdu-1/secondary flow_liters_per_minute low 900 700 device',
      }),
    ])
    const loop = await loopNow()
    expect(loop.units.map((unit) => unit.device_limits)).toEqual([
      [
        {
          meter: 'cdu-1/secondary',
          metric: 'flow_liters_per_minute',
          side: 'low',
          warning: 900,
          alarm: 700,
          in_force: true,
        },
      ],
      [],
    ])
    expect(loop).toMatchObject({
      state: 'alarm',
      since: new Date(begun - MINUTE_MS).toISOString(),
      reasons: [
        {
          state: 'alarm',
          meter: 'cdu-1/secondary',
          type: 'flow',
          action: 'Look for a closed valve.',
          action_zh: '检查阀门。',
        },
      ],
    })
  })

  test('a leak is seen without any event, since the value changed; unavailable is not ok', async () => {
    const changed = NOW - 4 * MINUTE_MS
    await seedReadings(site.store, [
      ...healthy('cdu-1').filter(({ meter }) => meter !== 'cdu-1/leak/1'),
      ...healthy('cdu-2'),
      ...rest(),
      ...readings('cdu-1/leak/1', (ago) => ({ leak_state: ago > 4 ? 0 : 2 })),
      ...readings('cdu-2/leak/2', () => ({ leak_state: 3 })),
    ])
    const loop = await loopNow()
    expect([loop.state, loop.since]).toEqual(['alarm', new Date(changed).toISOString()])
    expect(loop.reasons.map(({ state, meter, type }) => [state, meter, type])).toContainEqual([
      'unknown',
      'cdu-2/leak/2',
      'leak_detector',
    ])
    expect(loop.reasons[0]).toMatchObject({ meter: 'cdu-1/leak/1', type: 'leak' })
  })

  test('without a running pump it is an alarm, with one failed a warning', async () => {
    const without = healthy('cdu-2').filter(({ meter }) => !meter.includes('pump'))
    await seedReadings(site.store, [
      ...healthy('cdu-1'),
      ...without,
      ...rest(),
      ...readings('cdu-2/pump/1', () => ({ pump_state: 0 })),
      ...readings('cdu-2/pump/2', () => ({ pump_state: 2 })),
    ])
    expect(await loopNow()).toMatchObject({
      state: 'warning',
      reasons: [{ meter: 'cdu-2/pump/2', type: 'pump', since: null }],
    })
    await site.store.command(`DELETE FROM samples_meter WHERE meter = 'cdu-2/pump/1'`)
    expect(await loopNow()).toMatchObject({
      state: 'alarm',
      reasons: [
        { state: 'alarm', meter: 'cdu-2' },
        { state: 'warning', meter: 'cdu-2/pump/2' },
      ],
    })
  })

  test('silence is unknown, never the last good colour, and its values are gone', async () => {
    const before = NOW - 2 * MINUTE_MS
    await seedReadings(site.store, [
      ...healthy('cdu-1', 0, before),
      ...healthy('cdu-2'),
      ...rest().filter(({ meter }) => meter !== 'cdu-1/leak/9'),
    ])
    const loop = await loopNow()
    expect(loop.state).toBe('unknown')
    expect(loop.units[0]).toMatchObject({
      is_silent: true,
      communication_age_seconds: 120,
      supply_celsius: null,
      rise_kelvin_per_minute: null,
      leaks: [{ state: 'unknown' }],
    })
    expect(loop.supply_celsius).toBe(40)
    expect(loop.flow_liters_per_minute).toBeNull()
    expect(loop.heat).toMatchObject({ computed_watts: null, is_balanced: null })
    // The tree lists a detector that nobody hears.
    expect(loop.reasons).toContainEqual(
      expect.objectContaining({ state: 'unknown', meter: 'cdu-1/leak/9', type: 'meter_silent' }),
    )
  })

  test('nothing heard at all, or no units entered, is unknown', async () => {
    expect(await loopNow()).toMatchObject({ state: 'unknown', supply_celsius: null })
    site.documents = { ...NOTHING, facility: bookOf({ loops: [{ loop: 'loop-2' }] }) }
    expect(await loopNow()).toMatchObject({
      state: 'unknown',
      reasons: [{ type: 'no_units' }],
    })
  })
})

describe('drift of a cooling unit over a week', () => {
  /** One reading every half hour of both sides. */
  const side = (untilMs: number, hours: number, approach: number, flow = 300): SeedReading[] =>
    Array.from({ length: 2 * hours }, (_, at) => untilMs - (at + 1) * 30 * MINUTE_MS).flatMap(
      (atMs) => [
        {
          atMs,
          meter: 'cdu-1/primary',
          values: { supply_temperature_celsius: 30 },
          stepMs: 10_000,
        },
        {
          atMs,
          meter: 'cdu-1/secondary',
          values: {
            supply_temperature_celsius: 30 + approach,
            return_temperature_celsius: 40 + approach,
            flow_liters_per_minute: flow,
          },
          stepMs: 10_000,
        },
      ],
    )
  const week = { fromMs: NOW - 7 * DAY_MS, toMs: NOW }

  test('approach and temperature difference beside the four weeks before, the most risen first', async () => {
    await seedReadings(site.store, [
      ...side(NOW, 30, 6.5, 330),
      ...side(week.fromMs, 40, 5),
      // Before the four weeks: not counted.
      ...side(week.fromMs - 28 * DAY_MS, 30, 99),
      // An hour in which only one side spoke has no approach.
      {
        atMs: NOW - 60 * 60 * MINUTE_MS,
        meter: 'cdu-1/primary',
        values: { supply_temperature_celsius: 90 },
        stepMs: 10_000,
      },
      ...readings('cdu-2/secondary', () => ({ supply_temperature_celsius: 40 })),
    ])
    const drifts = await loopDrifts(facilityDeps(site.deps()), week)
    expect(drifts).toMatchObject([
      {
        unit: 'cdu-1',
        hall: 'h1',
        now: {
          hours: 30,
          approach_kelvin: 6.5,
          delta_kelvin: 10,
          carried: expect.closeTo(3300, 6),
        },
        before: {
          hours: 40,
          approach_kelvin: 5,
          delta_kelvin: 10,
          carried: expect.closeTo(3000, 6),
        },
      },
      { unit: 'cdu-2', now: { hours: 0, approach_kelvin: null }, before: { hours: 0 } },
    ])
  })

  test('is not known where nobody entered loops', async () => {
    site.documents = NOTHING
    expect(await loopDrifts(facilityDeps(site.deps()), week)).toBeNull()
  })
})
