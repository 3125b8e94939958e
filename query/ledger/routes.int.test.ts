import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  IdleHeldAnswer,
  LedgerAnswer,
  LedgerSeriesAnswer,
  LossAnswer,
  OwnersAnswer,
  TiersAnswer,
} from '#schemas/api-ledger.ts'
import { MeasuredAnswer } from '#schemas/api-measured.ts'
import { FleetSummary, SeriesAnswer } from '#schemas/api.ts'
import type { JournalEntry } from '#schemas/journal.ts'
import { LEDGER_STATES } from '#schemas/ledger.ts'
import { START_MS, testApp, type TestApp } from '../access/access.testing.ts'
import { HOUR_MS } from '../window.ts'
import { EXAMPLE_FROM_MS, seedExample } from './example.testing.ts'
import { type LedgerSite, line, prices, startLedgerSite } from './ledger.testing.ts'

let site: LedgerSite
let web: TestApp
const entry: JournalEntry = {
  sequence: 1,
  at_ms: 0,
  who: 'test',
  body: { kind: 'prices', ...prices(line(3)) },
}

beforeAll(async () => {
  site = await startLedgerSite()
  await seedExample(site.store)
  web = await testApp({
    reader: site.deps().reader,
    clock: () => EXAMPLE_FROM_MS + HOUR_MS,
    journal: {
      append: () => Promise.resolve(entry),
      readFrom: () => Promise.resolve([entry]),
      last: () => Promise.resolve(1),
    },
  })
})
afterAll(async () => {
  await web.app.close()
  await site.stop()
})

const get = (url: string) => web.app.inject(url)
const window = `from=${START_MS}&to=${START_MS + HOUR_MS}`

describe('the routes of the ledger', () => {
  test('answer by their contracts, at the prices of the journal', async () => {
    const ledger = await get(`/api/v1/ledger?${window}&group_by=billing`)
    expect(LedgerAnswer.parse(ledger.json()).groups.map(({ key }) => key)).toEqual([
      { billing: '' },
      { billing: 'internal' },
      { billing: 'paid' },
    ])
    const loss = LossAnswer.parse((await get(`/api/v1/loss?${window}`)).json())
    expect(loss.groups[0]).toMatchObject({
      loss_usd: { versus_capacity: expect.closeTo(25.2, 9) },
      assumed: false,
    })
    const tiers = await get(`/api/v1/utilization/tiers?${window}&basis=fp8`)
    const [group] = TiersAnswer.parse(tiers.json()).groups
    expect(group?.busy_by.compute).toMatchObject({ basis: 'fp8', h100_tflops: 1979 })
    expect(group?.tiers.allocated).toMatchObject({ coverage: 1 })
    const owners = OwnersAnswer.parse((await get(`/api/v1/owners?${window}`)).json())
    expect(owners.owners.map(({ tenant }) => tenant)).toEqual(['stars', 'labs'])
    const measured = await get(`/api/v1/utilization/sources?${window}&filter=tenant:eq:labs`)
    expect(MeasuredAnswer.parse(measured.json()).sources).not.toEqual([])
    IdleHeldAnswer.parse((await get('/api/v1/idle-held')).json())
  })

  test('send what the contract says and nothing else, in its order', async () => {
    const grouped = `${window}&group_by=tenant,model`
    for (const [url, contract] of [
      [`/api/v1/ledger?${grouped}`, LedgerAnswer],
      [`/api/v1/ledger?${window}&group_by=cluster`, LedgerAnswer],
      [`/api/v1/ledger/series?${grouped}&points=12`, LedgerSeriesAnswer],
      [`/api/v1/loss?${grouped}`, LossAnswer],
      [`/api/v1/utilization/tiers?${grouped}`, TiersAnswer],
      [`/api/v1/owners?${window}`, OwnersAnswer],
      [`/api/v1/fleet/summary?${grouped}`, FleetSummary],
      [`/api/v1/fleet/summary?${grouped}&include=ledger`, FleetSummary],
      [`/api/v1/fleet/series?${grouped}&points=12`, SeriesAnswer],
      [`/api/v1/fleet/series?${window}&metric=power_watts`, SeriesAnswer],
    ] as const) {
      const { body } = await get(url)
      expect(JSON.stringify(contract.parse(JSON.parse(body)))).toBe(body)
    }
  })

  test('states over time sum to those of the window, step by step', async () => {
    const url = `${window}&group_by=tenant`
    const series = await get(`/api/v1/ledger/series?${url}&points=12`)
    const whole = LedgerAnswer.parse((await get(`/api/v1/ledger?${url}`)).json())
    const { groups } = LedgerSeriesAnswer.parse(series.json())
    expect(groups.map(({ key }) => key)).toEqual(whole.groups.map(({ key }) => key))
    groups.forEach(({ step_ms, ledger, capacity }, group) => {
      expect([step_ms, capacity.length]).toEqual([5 * 60_000, 12])
      for (const state of LEDGER_STATES) {
        const sum = ledger[state].reduce<number>((total, value) => total + (value ?? 0), 0)
        expect(sum).toBeCloseTo(whole.groups[group]?.ledger[state] ?? -1, 6)
      }
      capacity.forEach((value, step) => {
        const states = LEDGER_STATES.map((state) => ledger[state][step] ?? 0)
        expect(states.reduce((total, state) => total + state)).toBeCloseTo(value ?? -1, 6)
      })
    })
    const before = `from=${START_MS - HOUR_MS}&to=${START_MS}&points=1`
    const empty = LedgerSeriesAnswer.parse((await get(`/api/v1/ledger/series?${before}`)).json())
    expect(empty.groups[0]?.capacity).toEqual([null])
  })

  test('the summary has states and money only for those who ask', async () => {
    const plain = FleetSummary.parse((await get(`/api/v1/fleet/summary?${window}`)).json())
    expect(plain.groups[0]).not.toHaveProperty('ledger')
    const url = `/api/v1/fleet/summary?${window}&include=ledger`
    const [group] = FleetSummary.parse((await get(url)).json()).groups
    expect(group).toMatchObject({
      ledger: { unallocated: 3 * 3600 },
      lost_gpu_hours: expect.closeTo(8.4, 9),
      loss_usd: { versus_target: expect.closeTo(11.04, 9) },
      loss_assumed: false,
      h100_equivalents: expect.closeTo(9.82, 9),
      effective_ratio: null,
    })
  })

  test('a question of another kind is refused', async () => {
    for (const url of [
      '/api/v1/ledger?group_by=owner',
      '/api/v1/loss?filter=price:eq:2',
      '/api/v1/utilization/tiers?basis=int4',
      '/api/v1/owners?group_by=tenant',
      '/api/v1/idle-held?hours=25',
      '/api/v1/fleet/summary?include=everything',
    ])
      expect([url, (await get(url)).statusCode]).toEqual([url, 400])
  })

  test('/metrics/fleet is Prometheus text', async () => {
    const response = await get('/metrics/fleet')
    expect(response.headers['content-type']).toContain('text/plain')
    expect(response.body).toContain('# TYPE plimsoll_fleet_utilization_ratio gauge')
    expect((await get('/metrics')).body).toContain('plimsoll_ledger_broken_groups 0')
  })
})
