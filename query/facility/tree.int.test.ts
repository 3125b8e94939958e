import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import { type LedgerSite, NOTHING, startLedgerSite } from '../ledger/ledger.testing.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { facilityDeps } from './deps.ts'
import { bookOf, seedMeterBuckets, seedReadings, seedScopes } from './facility.testing.ts'
import { BUCKET_MS } from './periods.ts'
import { createFacilityTree } from './tree.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const NOW = T0 + BUCKET_MS + 2 * MINUTE_MS
let site: LedgerSite

beforeAll(async () => {
  site = await startLedgerSite()
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
  site.nowMs = NOW
})

const ask = async (at?: number) => {
  const tree = createFacilityTree(facilityDeps(site.deps()))
  return FacilityTreeAnswer.parse(await tree(at === undefined ? undefined : String(at)))
}

const facility = bookOf({
  site: { contracted_watts: 2e6, weather: 'weather-1' },
  meters: [
    { meter: 'pdu-a', role: 'it', level: 'pdu_output', parent: 'feed-1', hall: 'h1' },
    { meter: 'pdu-b', role: 'it', level: 'pdu_output', parent: 'feed-1', hall: 'h1' },
    { meter: 'pdu-a/outlet/1', role: 'it', level: 'outlet', parent: 'pdu-a' },
    { meter: 'feed-1', role: 'distribution', level: 'utility' },
    { meter: 'pdu-old', role: 'it', level: 'pdu_output', parent: 'feed-1', to_ms: T0 },
    { meter: 'cdu-3', role: 'cooling', level: 'plant', parent: 'feed-1' },
  ],
})
const at = (meter: string, watts: number, secondsAgo: number, stepMs = 30_000) => ({
  atMs: NOW - secondsAgo * 1000,
  meter,
  values: { power_watts: watts },
  stepMs,
})

test('each meter with its newest values, age, state, energy and what is below it', async () => {
  site.documents = { ...NOTHING, facility }
  await seedReadings(site.store, [
    at('feed-1', 1000, 40),
    { ...at('feed-1', 1100, 10), values: { power_watts: 1100, energy_joules_total: 5 } },
    // Read every ten minutes: three steps have not passed.
    at('pdu-a', 400, 1500, 600_000),
    at('pdu-b', 500, 95),
    at('pdu-a/outlet/1', 20, 10),
    at('pdu-a/outlet/2', 20, 10),
    at('cdu-3/pump/1', 30, 12),
    at('weather-1', 0, 10),
    at('pdu-x', 77, 5),
    at('pdu-x/phase/1', 25, 5),
  ])
  await seedMeterBuckets(site.store, [
    { bucketMs: T0 - BUCKET_MS, meter: 'feed-1', kwh: 999 },
    { bucketMs: T0, meter: 'feed-1', kwh: 100 },
    { bucketMs: T0, meter: 'pdu-a', kwh: 40, flags: METER_FLAGS.implausible, knownMs: 880_000 },
    { bucketMs: T0, meter: 'pdu-b', kwh: 50, flags: METER_FLAGS.reset },
    { bucketMs: T0, meter: 'cdu-3', kwh: 5 },
  ])
  await seedScopes(site.store, [
    { bucketMs: T0, total: 250, it: 200, cooling: 25, distribution: 20, other: 5 },
  ])
  const tree = await ask()
  expect(tree).toMatchObject({
    site: 'one',
    it_level: 'pdu_output',
    contracted_mw: 2,
    states: { ok: 3, silent: 1, faulty: 1, unlisted: 1 },
    totals: { total_kw: 1000, it_kw: 800, cooling_kw: 100, distribution_kw: 80, other_kw: 20 },
  })
  expect(tree.meters.map(({ meter, state, points }) => [meter, state, points])).toEqual([
    ['feed-1', 'ok', 0],
    ['cdu-3', 'ok', 1],
    ['pdu-a', 'faulty', 1],
    ['pdu-a/outlet/1', 'ok', 0],
    ['pdu-b', 'silent', 0],
  ])
  const [feed, , , , silent] = tree.meters
  expect(feed).toMatchObject({
    values: { power_watts: 1100, energy_joules_total: 5 },
    age_seconds: 10,
    energy: { kwh: 100, coverage: 1, flags: [] },
    // pdu-a is not complete: a sum of the others would compare with another thing.
    children: null,
  })
  expect(silent).toMatchObject({ age_seconds: 95, energy: { flags: ['reset'] }, children: null })
  expect(tree.unlisted).toMatchObject([{ meter: 'pdu-x', points: 2, values: { power_watts: 77 } }])
})

test('children that are complete are held against their meter; a scope names a faulty one', async () => {
  site.documents = { ...NOTHING, facility }
  await seedReadings(
    site.store,
    ['feed-1', 'pdu-a', 'pdu-b'].map((meter) => at(meter, 1, 5)),
  )
  await seedMeterBuckets(site.store, [
    { bucketMs: T0, meter: 'feed-1', kwh: 80 },
    { bucketMs: T0, meter: 'pdu-a', kwh: 40 },
    { bucketMs: T0, meter: 'pdu-b', kwh: 45 },
    { bucketMs: T0, meter: 'cdu-3', kwh: 5 },
  ])
  await seedScopes(site.store, [
    { bucketMs: T0, total: 80, it: 90, flags: METER_FLAGS.ratio, faulty: ['feed-1'] },
  ])
  const [feed] = (await ask()).meters
  expect(feed).toMatchObject({
    state: 'faulty',
    children: { levels: ['pdu_output', 'plant'], meters: 3, kwh: 90, difference_ratio: -0.125 },
  })
})

test('at an earlier moment: the tree and the values of then', async () => {
  site.documents = { ...NOTHING, facility }
  const earlier = T0 - HOUR_MS
  await seedReadings(site.store, [
    { atMs: earlier - 20_000, meter: 'pdu-old', values: { power_watts: 3 } },
    at('feed-1', 1000, 10),
  ])
  const tree = await ask(earlier)
  expect(tree.at).toBe(new Date(earlier).toISOString())
  expect(tree.meters.find(({ meter }) => meter === 'pdu-old')).toMatchObject({
    state: 'ok',
    values: { power_watts: 3 },
  })
  expect(tree.meters.find(({ meter }) => meter === 'feed-1')?.state).toBe('silent')
  expect(tree.totals).toBeNull()
})

test('without a tree everything that delivers is unlisted', async () => {
  await seedReadings(site.store, [at('pdu-x', 1, 5)])
  expect(await ask()).toMatchObject({ site: null, meters: [], unlisted_total: 1 })
})
