import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnergyAnswer, PueAnswer } from '#schemas/api-facility.ts'
import { LossAnswer, OwnersAnswer } from '#schemas/api-ledger.ts'
import { FleetSummary } from '#schemas/api.ts'
import type { JournalBody, JournalEntry } from '#schemas/journal.ts'
import { testApp, type TestApp } from '../access/access.testing.ts'
import { EXAMPLE_FROM_MS, seedExample } from '../ledger/example.testing.ts'
import { close, type LedgerSite, startLedgerSite } from '../ledger/ledger.testing.ts'
import { HOUR_MS } from '../window.ts'
import { bookOf, seedScopes } from './facility.testing.ts'
import { BUCKET_MS } from './periods.ts'

const T0 = EXAMPLE_FROM_MS
let site: LedgerSite
let web: TestApp

const grid = { grid_kg_co2e_per_kwh: 0.5, grid_factor_source: 'test' }
const day = [
  { from_minute: 0, per_kwh: 0.03 },
  // 08:00 UTC is 16:00 in Shanghai.
  { from_minute: 16 * 60 + 30, per_kwh: 0.12 },
]
const facility = bookOf({ site: grid })
const said: readonly JournalBody[] = [
  { kind: 'facility', import_id: '', sites: [...facility.sites], meters: [], loops: [] },
  {
    kind: 'prices',
    lines: [],
    currencies: [],
    electricity: [{ from_ms: 0, currency: 'USD', periods: day }],
  },
]
const entries = said.map((body, at): JournalEntry => ({
  sequence: at + 1,
  at_ms: 0,
  who: 'test',
  body,
}))

beforeAll(async () => {
  site = await startLedgerSite()
  await seedExample(site.store)
  // 112/100 and then 32/20: 1.20 over the hour.
  await seedScopes(
    site.store,
    [0, 1, 2, 3].map((at) => ({
      bucketMs: T0 + at * BUCKET_MS,
      ...(at < 2 ? { total: 56, it: 50, cooling: 6 } : { total: 16, it: 10, cooling: 6 }),
    })),
  )
  web = await testApp({
    reader: site.deps().reader,
    clock: () => T0 + HOUR_MS + 3 * 60_000,
    journal: {
      append: () => Promise.reject(new Error('not here')),
      readFrom: (sequence) => Promise.resolve(entries.slice(sequence - 1)),
      last: () => Promise.resolve(entries.length),
    },
  })
})
afterAll(async () => {
  await web.app.close()
  await site.stop()
})

const get = async (url: string): Promise<unknown> => (await web.app.inject(url)).json()
const window = `from=${T0}&to=${T0 + HOUR_MS}`

test('the measured PUE is the same digit everywhere, with what it is and of when', async () => {
  const pue = PueAnswer.parse(await get(`/api/v1/pue?${window}&resolution=15m`))
  const energy = EnergyAnswer.parse(await get(`/api/v1/energy?${window}&group_by=role`))
  const loss = LossAnswer.parse(await get(`/api/v1/loss?${window}`))
  const owners = OwnersAnswer.parse(await get(`/api/v1/owners?${window}`))
  const summary = FleetSummary.parse(await get(`/api/v1/fleet/summary?${window}&include=ledger`))
  expect(pue.window).toMatchObject({ value: 1.2, label: 'iPUE', from: pue.from, to: pue.to })
  const roles = new Map(energy.groups.map(({ key, kwh }) => [key['role'], kwh]))
  expect([...roles.values()].reduce<number>((sum, kwh) => sum + (kwh ?? 0), 0)).toBe(
    pue.window.kwh.total,
  )
  expect(roles.get('it')).toBe(pue.window.kwh.it)
  const idle = loss.groups[0]?.idle_energy
  expect(idle).toEqual({
    kwh: close(0.54),
    site_kwh: close(0.54 * 1.2),
    coverage: expect.any(Number),
    usd: close(0.27 * (0.03 + 0.12) * 1.2),
    co2e_kg: close(0.54 * 0.5 * 1.2),
    pue: 1.2,
    pue_kind: 'measured',
    pue_label: 'iPUE',
    pue_category: 2,
    pue_period: { from: pue.from, to: pue.to },
    assumed: false,
  })
  expect(summary.groups[0]?.idle_energy).toEqual(idle)
  const tenants = [...owners.owners, owners.nobody]
  for (const figure of ['kwh', 'site_kwh', 'usd', 'co2e_kg'] as const)
    expect(
      tenants.reduce((sum, { idle_energy }) => sum + (idle_energy[figure] ?? 0), 0),
    ).toBeCloseTo(idle?.[figure] ?? -1, 12)
  expect(owners.owners.map(({ tenant, idle_energy: { kwh } }) => [tenant, kwh])).toEqual([
    ['stars', close(0.24)],
    ['labs', 0],
  ])
  expect(owners.nobody.idle_energy.kwh).toBeCloseTo(0.3, 12)
})

test('questions of another kind are refused', async () => {
  for (const url of [
    '/api/v1/pue?scope=room:1',
    '/api/v1/pue?resolution=1y',
    '/api/v1/pue?scope=hall:h9',
    `/api/v1/pue?from=${T0}&to=${T0}`,
    '/api/v1/energy?group_by=rack',
  ])
    expect([url, (await web.app.inject(url)).statusCode]).toEqual([url, 400])
})
