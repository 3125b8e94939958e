import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PueAnswer } from '#schemas/api-facility.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import { type LedgerSite, NOTHING, startLedgerSite } from '../ledger/ledger.testing.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../window.ts'
import { facilityDeps } from './deps.ts'
import { bookOf, seedReadings, type SeedScope, seedScopes } from './facility.testing.ts'
import { BUCKET_MS } from './periods.ts'
import { type PueQuestion, pueAnswer } from './pue.ts'
import { pueInForce } from './pue-in-force.ts'

/** Midnight of a Monday in Shanghai. */
const T0 = Date.UTC(2026, 4, 3, 16)
let site: LedgerSite

beforeAll(async () => {
  site = await startLedgerSite()
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
  site.nowMs = T0 + 2 * HOUR_MS + 3 * MINUTE_MS
  site.documents = { ...NOTHING, facility: bookOf({}) }
})

const ask = async (
  question: Partial<Omit<PueQuestion, 'from'>> & { readonly from?: number } = {},
) =>
  PueAnswer.parse(
    await pueAnswer(facilityDeps(site.deps()), {
      resolution: 'all',
      scope: 'site',
      ...question,
      from: question.from === undefined ? undefined : String(question.from),
    }),
  )

/** Buckets from T0 on. */
const buckets = (count: number, of: (at: number) => Omit<SeedScope, 'bucketMs'>, fromMs = T0) =>
  Array.from({ length: count }, (_, at) => ({ bucketMs: fromMs + at * BUCKET_MS, ...of(at) }))

/** Hours of 112/100 and 32/20 MWh, in quarters. */
const twoHours = () =>
  buckets(8, (at) =>
    at < 4
      ? { total: 28_000, it: 25_000, cooling: 2_000, distribution: 800, other: 200 }
      : { total: 8_000, it: 5_000, cooling: 2_500, distribution: 400, other: 100 },
  )

describe('a ratio of sums', () => {
  test('112/100 and 32/20 MWh give 1.20, not 1.36', async () => {
    await seedScopes(site.store, twoHours())
    const answer = await ask({ from: T0, resolution: '1h' })
    expect(answer.window).toMatchObject({
      value: 1.2,
      value_of_known: 1.2,
      lo: 1.2,
      hi: 1.2,
      complete: true,
      coverage: 1,
      coverage_total: 1,
      coverage_it: 1,
      label: 'iPUE',
      name: 'iPUE2',
      category: 2,
      it_load_kw: 60_000,
      total_load_kw: 72_000,
      kwh: { total: 144_000, it: 120_000, cooling: 18_000, distribution: 4_800, other: 1_200 },
      estimated_share: 0,
    })
    expect(answer.periods.map(({ value, it_load_kw }) => [value, it_load_kw])).toEqual([
      [1.12, 100_000],
      [1.6, 20_000],
    ])
    expect(answer.settled_until).toBe(new Date(T0 + 2 * HOUR_MS).toISOString())
  })

  test('a bucket with one side missing is left out and lowers the coverage', async () => {
    const rows = twoHours().map((row, at) =>
      at === 7 ? { ...row, it: 1_000, itKnownMs: BUCKET_MS - 1 } : row,
    )
    await seedScopes(site.store, rows)
    const { window } = await ask({ from: T0 })
    expect(window).toMatchObject({
      value: null,
      complete: false,
      coverage: 0.875,
      coverage_total: 1,
      buckets: { expected: 8, counted: 7, missing: 0, it_incomplete: 1, total_incomplete: 0 },
      kwh: { total: 136_000, it: 115_000 },
    })
    expect(window.value_of_known).toBeCloseTo(136 / 115, 12)
    // Its total is known: IT is between a third of it and all of it.
    expect(window.lo).toBeCloseTo((136 + 8) / (115 + 8), 12)
    expect(window.hi).toBeCloseTo((136 + 8) / (115 + 8 / 3), 12)
  })

  test('the highest revision counts, and estimated time is said', async () => {
    await seedScopes(site.store, twoHours())
    await seedScopes(site.store, [
      { bucketMs: T0, total: 30_000, it: 25_000, revision: 2, estimatedMs: BUCKET_MS },
    ])
    const { window } = await ask({ from: T0 })
    expect(window.kwh.total).toBe(146_000)
    expect(window.estimated_share).toBe(1 / 16)
  })

  test('below 1 or above 3 is a fault of a meter that is named, not a record', async () => {
    const { ratio } = METER_FLAGS
    const rows = twoHours().map((row, at) => {
      if (at === 2) return { ...row, it: 29_000, flags: ratio, faulty: ['pdu-h1-a'] }
      // Nobody flagged it: it is left out all the same.
      return at === 5 ? { ...row, total: 15_001, faulty: ['ups-1', 'pdu-h1-a'] } : row
    })
    await seedScopes(site.store, rows)
    const { window } = await ask({ from: T0 })
    expect(window.buckets).toMatchObject({ counted: 6, faulty: 2, missing: 0 })
    expect(window.value_of_known).toBeCloseTo((144 - 28 - 8) / (120 - 25 - 5), 12)
    expect(window.faulty_meters).toEqual([
      { meter: 'pdu-h1-a', buckets: 2 },
      { meter: 'ups-1', buckets: 1 },
    ])
  })

  test('nothing settled: no value, no coverage, and no error', async () => {
    const { window, comparable } = await ask({ from: T0, resolution: '15m' })
    expect(window).toMatchObject({ value: null, lo: null, hi: null, coverage: 0, it_load_kw: null })
    expect(comparable).toBeNull()
  })
})

describe('what it may be called', () => {
  test('12 months are PUE, less is iPUE; a hall is pPUE, its week interim', async () => {
    const year = Date.UTC(2025, 4, 3, 16)
    const rows = Array.from({ length: 365 }, (_, at) => year + at * DAY_MS).flatMap((bucketMs) =>
      ['site', 'hall:h1'].map((scope) => ({ bucketMs, scope, total: 12, it: 10, category: 3 })),
    )
    await seedScopes(site.store, [...rows, { bucketMs: T0 - BUCKET_MS, total: 12, it: 10 }])
    const to = String(T0)
    const labels = async (from: number, scope: string) => {
      const { window } = await ask({ from, to, scope })
      return [window.label, window.name]
    }
    expect(await labels(year, 'site')).toEqual(['PUE', 'PUE2'])
    expect(await labels(year + DAY_MS, 'site')).toEqual(['iPUE', 'iPUE2'])
    expect(await labels(year, 'hall:h1')).toEqual(['pPUE', 'pPUE3'])
    expect(await labels(T0 - 7 * DAY_MS, 'hall:h1')).toEqual(['pPUE, interim', 'pPUE3, interim'])
    const { periods } = await ask({ from: year, to, resolution: '1mo' })
    expect(periods).toHaveLength(13)
    expect(periods[1]).toMatchObject({
      from: '2025-05-31T16:00:00.000Z',
      to: '2025-06-30T16:00:00.000Z',
      label: 'iPUE',
      buckets: { expected: 30 * 96, counted: 30 },
    })
  })

  test('weeks begin on Monday where the site is', async () => {
    await seedScopes(
      site.store,
      buckets(8, () => ({ total: 12, it: 10 })),
    )
    const { periods } = await ask({ from: T0 - DAY_MS, resolution: '1w' })
    expect(periods.map(({ from, buckets: { expected } }) => [from, expected])).toEqual([
      [new Date(T0 - DAY_MS).toISOString(), 96],
      [new Date(T0).toISOString(), 8],
    ])
  })

  test('a scope that nothing is known of is refused with those there are', async () => {
    await expect(ask({ scope: 'hall:h9' })).rejects.toMatchObject({
      code: 'E_FILTER_INVALID',
      message: expect.stringContaining('scopes: site'),
    })
    await expect(ask({ from: T0 - 399 * DAY_MS, resolution: '15m' })).rejects.toMatchObject({
      code: 'E_QUERY_TOO_LARGE',
    })
  })
})

describe('at comparable load', () => {
  const earlier = T0 - 2 * DAY_MS
  const seedEarlier = () =>
    seedScopes(site.store, [
      ...buckets(8, () => ({ total: 13, it: 10 })),
      // Same load, other loads, and one that is not complete.
      ...buckets(4, () => ({ total: 12, it: 10.1 }), earlier),
      ...buckets(4, () => ({ total: 14, it: 9.9 }), earlier + HOUR_MS),
      ...buckets(4, () => ({ total: 30, it: 20 }), earlier + 2 * HOUR_MS),
      ...buckets(4, () => ({ total: 28, it: 10, totalKnownMs: 5 }), earlier + 3 * HOUR_MS),
    ])

  test('the buckets of 28 days with the same IT load, and what the difference costs', async () => {
    await seedEarlier()
    const { comparable } = await ask({ from: T0 })
    const value = (12 * 4 + 14 * 4) / (10.1 * 4 + 9.9 * 4)
    expect(comparable).toMatchObject({
      it_load_kw: 40,
      buckets: 8,
      value: expect.closeTo(value, 9),
      difference: expect.closeTo(1.3 - value, 9),
      usd_per_hour: expect.closeTo((1.3 - value) * 40 * 0.08, 9),
      assumed: true,
      wet_bulb_celsius: null,
      reason: null,
    })
  })

  test('where the weather is known, only the same weather', async () => {
    await seedEarlier()
    const facility = bookOf({ site: { weather: 'weather-1' } })
    site.documents = { ...NOTHING, facility }
    const at = (atMs: number, celsius: number) => ({
      atMs,
      meter: 'weather-1',
      values: { wet_bulb_celsius: celsius },
    })
    await seedReadings(site.store, [
      ...[0, 1, 2, 3].map((quarter) => at(earlier + quarter * BUCKET_MS, 18)),
      ...[4, 5, 6, 7].map((quarter) => at(earlier + quarter * BUCKET_MS, 23)),
      at(T0 + MINUTE_MS, 19),
      at(T0 + HOUR_MS, 21),
    ])
    const { comparable } = await ask({ from: T0 })
    expect(comparable).toMatchObject({ buckets: 4, wet_bulb_celsius: 20 })
    expect(comparable?.value).toBeCloseTo(12 / 10.1, 9)
  })

  test('without a bucket alike it says why there is none', async () => {
    await seedScopes(
      site.store,
      buckets(8, () => ({ total: 13, it: 10 })),
    )
    expect((await ask({ from: T0 })).comparable).toMatchObject({
      buckets: 0,
      value: null,
      reason: 'no_comparable_buckets',
    })
  })
})

describe('PUE in force', () => {
  const inForce = (fromMs: number, toMs: number) =>
    pueInForce(site.deps(), { fromMs, toMs }, site.documents.facility)

  test('measured over the window, in whole buckets, where it is complete', async () => {
    await seedScopes(site.store, twoHours())
    expect(await inForce(T0 + MINUTE_MS, T0 + 2 * HOUR_MS - MINUTE_MS)).toEqual({
      value: 1.2,
      kind: 'measured',
      label: 'iPUE',
      category: 2,
      period: { from: new Date(T0).toISOString(), to: new Date(T0 + 2 * HOUR_MS).toISOString() },
    })
  })

  test('a short window may stand on the day before its end', async () => {
    await seedScopes(
      site.store,
      buckets(96, () => ({ total: 13, it: 10 }), T0 - DAY_MS),
    )
    expect(await inForce(T0, T0 + 10 * MINUTE_MS)).toMatchObject({
      value: 1.3,
      kind: 'measured',
      period: { to: new Date(T0).toISOString() },
    })
  })

  test('else the design figure of the site, and without a site the general one', async () => {
    await seedScopes(site.store, twoHours().slice(0, 5))
    site.documents = { ...NOTHING, facility: bookOf({ site: { design_pue: 1.22 } }) }
    const design = { kind: 'design', label: null, period: null }
    expect(await inForce(T0 - DAY_MS, T0 + HOUR_MS)).toMatchObject({ ...design, value: 1.22 })
    site.documents = NOTHING
    expect(await inForce(T0, T0 + HOUR_MS)).toMatchObject({ ...design, value: 1.15 })
  })
})
