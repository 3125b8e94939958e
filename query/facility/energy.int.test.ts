import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EnergyAnswer } from '#schemas/api-facility.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import { type LedgerSite, NOTHING, startLedgerSite } from '../ledger/ledger.testing.ts'
import { publish, seedGroups, seedRows } from '../seed.testing.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../window.ts'
import { facilityDeps } from './deps.ts'
import { energyAnswer, type EnergyQuestion } from './energy.ts'
import { gapOf } from './energy-gap.ts'
import {
  bookOf,
  MJ_PER_KWH,
  seedMeterBuckets,
  seedReadings,
  seedScopes,
} from './facility.testing.ts'
import { BUCKET_MS } from './periods.ts'

/** 16:00 in Shanghai. */
const T0 = Date.UTC(2026, 4, 4, 8)
let site: LedgerSite

beforeAll(async () => {
  site = await startLedgerSite()
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
  site.nowMs = T0 + HOUR_MS + 3 * MINUTE_MS
  site.documents = { ...NOTHING, facility: bookOf({}) }
})

const ask = async (question: Partial<EnergyQuestion> = {}) =>
  EnergyAnswer.parse(
    await energyAnswer(facilityDeps(site.deps()), {
      from: String(T0),
      resolution: 'all',
      ...question,
    }),
  )

const quarters = [0, 1, 2, 3].map((at) => T0 + at * BUCKET_MS)
const hour = { total: 300, it: 250, cooling: 30, distribution: 15, other: 5 }
const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

describe('energy of the site', () => {
  test('by role it sums to the site; cost at the tariff of its time, CO2e by its factor', async () => {
    await seedScopes(
      site.store,
      quarters.map((bucketMs) => ({ bucketMs, ...hour })),
    )
    const day = [
      { from_minute: 0, per_kwh: 0.03 },
      { from_minute: 16 * 60 + 30, per_kwh: 0.12 },
    ]
    const electricity = [{ from_ms: 0, currency: 'USD', periods: day }]
    const grid = { grid_kg_co2e_per_kwh: 0.5, grid_factor_source: 'ministry 2025' }
    site.documents = {
      ...NOTHING,
      prices: { lines: [], currencies: [], electricity },
      facility: bookOf({ site: grid }),
    }
    const whole = await ask({ resolution: '15m' })
    expect(whole.groups).toMatchObject([
      {
        key: {},
        kwh: 1200,
        coverage: 1,
        estimated_share: 0,
        usd: expect.closeTo(600 * 0.03 + 600 * 0.12, 9),
        co2e_kg: 600,
        assumed: false,
      },
    ])
    expect(whole.groups[0]?.periods.map(({ kwh, usd }) => [kwh, usd])).toEqual([
      [300, 9],
      [300, 9],
      [300, 36],
      [300, 36],
    ])
    expect(whole.grid_factors).toEqual([
      { from: '1970-01-01T00:00:00.000Z', kg_co2e_per_kwh: 0.5, source: 'ministry 2025' },
    ])
    const roles = await ask({ groupBy: 'role' })
    expect(roles.groups.map(({ key, kwh }) => [key['role'], kwh])).toEqual([
      ['it', 1000],
      ['cooling', 120],
      ['distribution', 60],
      ['other', 20],
    ])
    const usd = roles.groups.reduce((sum, group) => sum + (group.usd ?? 0), 0)
    expect(usd).toBeCloseTo(90, 9)
  })

  test('what is not known is not guessed: a missing quarter, a silent meter, a faulty ratio', async () => {
    await seedScopes(site.store, [
      { bucketMs: T0, ...hour },
      { bucketMs: T0 + BUCKET_MS, ...hour, totalKnownMs: BUCKET_MS / 2, estimatedMs: 90_000 },
      { bucketMs: T0 + 3 * BUCKET_MS, ...hour, total: 9_999, flags: METER_FLAGS.ratio },
    ])
    const [group] = (await ask()).groups
    expect(group).toMatchObject({ kwh: 600, coverage: 1.5 / 4, co2e_kg: null, assumed: true })
    const [empty] = (await ask({ from: String(T0 - DAY_MS), to: String(T0) })).groups
    expect(empty).toMatchObject({ kwh: null, usd: null, coverage: null })
  })

  test('a factor that begins at half past counts from there; before it nobody knows', async () => {
    await seedScopes(
      site.store,
      quarters.map((bucketMs) => ({ bucketMs, ...hour })),
    )
    const facility = bookOf({})
    const [row] = facility.sites
    if (row === undefined) throw new Error('no site')
    const entered = { ...row, grid_kg_co2e_per_kwh: 0.4, from_ms: T0 + HOUR_MS / 2 }
    site.documents = { ...NOTHING, facility: { ...facility, sites: [row, entered] } }
    const [group] = (await ask({ resolution: '15m' })).groups
    expect(group?.co2e_kg).toBeNull()
    expect(group?.periods.map(({ co2e_kg }) => co2e_kg)).toEqual([null, null, 120, 120])
  })

  test('by hall, each with its own coverage', async () => {
    await seedScopes(
      site.store,
      quarters.flatMap((bucketMs) => [
        { bucketMs, ...hour },
        { bucketMs, scope: 'hall:h1', total: 200, it: 180 },
        { bucketMs, scope: 'hall:h2', total: 90, it: 70, totalKnownMs: 450_000 },
      ]),
    )
    const { groups } = await ask({ groupBy: 'hall' })
    expect(groups).toMatchObject([
      { key: { hall: 'h1' }, kwh: 800, coverage: 1 },
      { key: { hall: 'h2' }, kwh: 360, coverage: 0.5 },
    ])
  })
})

describe('energy of meters', () => {
  const meters = [
    { meter: 'feed-a', role: 'distribution', level: 'utility' },
    { meter: 'pdu-a', role: 'it', level: 'pdu_output', parent: 'feed-a', feed: 'A' },
    { meter: 'pdu-b', role: 'it', level: 'pdu_output', parent: 'feed-a', feed: 'B' },
    { meter: 'pdu-b/panel', role: 'it', level: 'pdu_output', parent: 'pdu-b' },
    { meter: 'yard', role: 'other', level: 'ambient' },
  ] as const

  test('both feeds count, what is below its own level counts once, outlets nobody listed never', async () => {
    site.documents = { ...NOTHING, facility: bookOf({ meters }) }
    await seedMeterBuckets(
      site.store,
      quarters.flatMap((bucketMs) => [
        { bucketMs, meter: 'feed-a', kwh: 25 },
        { bucketMs, meter: 'pdu-a', kwh: 10 },
        { bucketMs, meter: 'pdu-b', kwh: 12, estimatedMs: 450_000 },
        { bucketMs, meter: 'pdu-b/panel', kwh: 12 },
        { bucketMs, meter: 'pdu-a/outlet/A1', kwh: 10 },
      ]),
    )
    const levels = await ask({ groupBy: 'level' })
    expect(levels.groups).toMatchObject([
      { key: { level: 'pdu_output' }, kwh: 88, coverage: 1, estimated_share: 0.25 },
      { key: { level: 'utility' }, kwh: 100, coverage: 1, estimated_share: 0 },
    ])
    const each = await ask({ groupBy: 'meter', resolution: '15m' })
    expect(each.groups.map(({ key, kwh }) => [key['meter'], kwh])).toEqual([
      ['feed-a', 100],
      ['pdu-a', 40],
      ['pdu-b', 48],
      ['pdu-b/panel', 48],
    ])
    expect(each.groups[0]?.periods.map(({ kwh }) => kwh)).toEqual([25, 25, 25, 25])
  })

  test('a change of level does not rewrite what was before', async () => {
    const facility = bookOf({ meters: [meters[0], meters[1]] })
    const [, pdu] = facility.meters
    if (pdu === undefined) throw new Error('no meter')
    const moved = { ...pdu, level: 'rack' as const, from_ms: T0 + HOUR_MS / 2 }
    site.documents = {
      ...NOTHING,
      facility: { ...facility, meters: [...facility.meters, moved] },
    }
    await seedMeterBuckets(
      site.store,
      quarters.map((bucketMs) => ({ bucketMs, meter: 'pdu-a', kwh: 10 })),
    )
    const { groups } = await ask({ groupBy: 'level' })
    expect(groups.map(({ key, kwh, coverage }) => [key['level'], kwh, coverage])).toEqual([
      ['pdu_output', 20, 1],
      ['rack', 20, 1],
      ['utility', null, 0],
    ])
  })

  test('a year of every meter is refused with what to ask instead', async () => {
    const from = String(T0 - 300 * DAY_MS)
    await expect(ask({ groupBy: 'meter', from, resolution: '1mo' })).rejects.toMatchObject({
      code: 'E_QUERY_TOO_LARGE',
      message: expect.stringContaining('group_by=role or hall'),
    })
  })
})

describe('IT beside its devices', () => {
  test('the parts sum to what was measured', () => {
    const kwh = (value: number) => BigInt(value * MJ_PER_KWH)
    const devices = { source: 'energy', mj: kwh(600), spokenMs: 75n, capacityMs: 100n } as const
    const gap = gapOf(kwh(1000), 1, { ...devices, silent: { ms: 20n, nodes: 2 } })
    expect(gap).toMatchObject({
      devices_coverage: 0.75,
      parts: { devices_kwh: 600, silent_nodes_kwh: 160, gaps_kwh: 40, host_kwh: 200 },
      host_share: 0.2,
      contradicts: false,
    })
    expect(gapOf(kwh(700), 1, { ...devices, silent: null })).toMatchObject({
      parts: { silent_nodes_kwh: 0, gaps_kwh: 200, host_kwh: -100 },
      contradicts: true,
    })
    expect(gapOf(kwh(700), 0.5, null)).toMatchObject({ measured_kwh: 700, parts: null })
  })

  test('settled energy of devices, over buckets whose IT side is complete', async () => {
    await seedScopes(site.store, [
      { bucketMs: T0, ...hour },
      { bucketMs: T0 + BUCKET_MS, ...hour, itKnownMs: 5 },
      { bucketMs: T0 + 2 * BUCKET_MS, ...hour },
    ])
    const row = (bucketMs: number, node: string, kwh: number, revision = 1) => ({
      bucket: dateTime(bucketMs),
      revision,
      cluster: 'east',
      hall: 'h1',
      rack: 'r1',
      pool: 'main',
      node,
      vendor: 'nvidia',
      model: 'H100',
      devices: 8,
      capacity_ms: 8 * BUCKET_MS,
      energy_mj: kwh * MJ_PER_KWH,
      counter_mj: kwh * MJ_PER_KWH,
      counter_ms: kwh === 0 ? 0 : 8 * BUCKET_MS,
      gaps_ms: kwh === 0 ? 8 * BUCKET_MS : 0,
      as_of: dateTime(bucketMs),
    })
    const buckets = quarters.slice(0, 3)
    await seedRows(site.store, 'energy_15m', [
      ...buckets.flatMap((ms) => [row(ms, 'n1', 100), row(ms, 'n2', 0)]),
      row(T0, 'n1', 7, 9),
    ])
    await publish(site.store, buckets, { resolution: '15m-energy' })
    const { it } = await ask()
    expect(it).toEqual({
      measured_kwh: 500,
      coverage: 2 / 3,
      source: 'energy',
      devices_kwh: 200,
      devices_coverage: 0.5,
      parts: { devices_kwh: 200, silent_nodes_kwh: 200, gaps_kwh: 0, host_kwh: 100 },
      silent_nodes: 1,
      host_share: 0.2,
      contradicts: false,
    })
  })

  test('a bucket whose devices are not settled yet is on neither side', async () => {
    await seedScopes(
      site.store,
      quarters.slice(0, 4).map((bucketMs) => ({ bucketMs, ...hour })),
    )
    const row = { cluster: 'east', node: 'n1', vendor: 'nvidia', model: 'H100', devices: 8 }
    await seedRows(site.store, 'energy_15m', [
      {
        ...row,
        bucket: dateTime(T0),
        revision: 1,
        hall: 'h1',
        rack: 'r1',
        pool: 'main',
        capacity_ms: 8 * BUCKET_MS,
        energy_mj: 200 * MJ_PER_KWH,
        counter_mj: 200 * MJ_PER_KWH,
        counter_ms: 8 * BUCKET_MS,
        gaps_ms: 0,
        as_of: dateTime(T0),
      },
    ])
    await publish(site.store, [T0], { resolution: '15m-energy' })
    const { it } = await ask()
    expect(it).toMatchObject({
      measured_kwh: 250,
      coverage: 1 / quarters.length,
      devices_kwh: 200,
      devices_coverage: 1,
      host_share: 0.2,
    })
  })

  test('without it the power of settled minutes', async () => {
    await seedScopes(site.store, [{ bucketMs: T0, ...hour }])
    const minutes = Array.from({ length: 20 }, (_, at) => T0 + at * MINUTE_MS)
    await seedGroups(
      site.store,
      minutes.map((bucketMs) => ({ bucketMs, devices: 1000, watts: 800 })),
    )
    await publish(site.store, minutes)
    const { it } = await ask()
    expect(it).toMatchObject({
      source: 'ledger',
      measured_kwh: 250,
      devices_kwh: 200,
      silent_nodes: null,
      parts: { host_kwh: 50 },
    })
  })
})

describe('power that the site asked for', () => {
  test('peak of 15 minutes against the contract, and the largest change', async () => {
    const meters = [
      { meter: 'feed-a', role: 'distribution', level: 'utility' },
      { meter: 'feed-b', role: 'distribution', level: 'utility' },
      { meter: 'solar', role: 'distribution', level: 'plant' },
    ] as const
    site.documents = {
      ...NOTHING,
      facility: bookOf({ site: { contracted_watts: 2e6 }, meters }),
    }
    // 1.0, 1.6, silent, 1.2 MW
    await seedScopes(site.store, [
      { bucketMs: T0, total: 250, it: 200 },
      { bucketMs: T0 + BUCKET_MS, total: 400, it: 300 },
      { bucketMs: T0 + 2 * BUCKET_MS, total: 450, it: 300, totalKnownMs: 8 },
      { bucketMs: T0 + 3 * BUCKET_MS, total: 300, it: 200 },
    ])
    const at = (minute: number, meter: string, mw: number) => ({
      atMs: T0 + minute * MINUTE_MS,
      meter,
      values: { power_watts: mw * 1e6 },
    })
    await seedReadings(site.store, [
      at(0, 'feed-a', 0.5),
      at(0, 'feed-b', 0.5),
      at(1, 'feed-a', 0.6),
      at(1, 'feed-b', 0.9),
      // One feed alone says nothing of the site.
      at(2, 'feed-a', 9),
      at(3, 'feed-a', 0.1),
      at(3, 'feed-b', 0.1),
    ])
    const { power } = await ask()
    expect(power).toEqual({
      contracted_mw: 2,
      peak_mw: 1.6,
      peak_at: new Date(T0 + BUCKET_MS).toISOString(),
      power_capacity_utilization: 0.8,
      headroom_mw: expect.closeTo(0.4, 12),
      swing_15m: {
        mw: expect.closeTo(0.6, 12),
        from_mw: 1,
        to_mw: 1.6,
        at: new Date(T0 + BUCKET_MS).toISOString(),
      },
      swing_1m: {
        mw: 0.5,
        from_mw: 1,
        to_mw: 1.5,
        at: new Date(T0 + MINUTE_MS).toISOString(),
      },
    })
  })

  test('a site without contract and readings has no such figures', async () => {
    expect((await ask()).power).toMatchObject({
      contracted_mw: null,
      peak_mw: null,
      power_capacity_utilization: null,
      swing_15m: null,
      swing_1m: null,
    })
  })
})
