import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OwnersAnswer, TiersAnswer } from '#schemas/api-ledger.ts'
import { fleetSeries, fleetSummary } from '../fleet.ts'
import { publish, seedDevices, seedGroups } from '../seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { EXAMPLE_FROM_MS, seedExample } from './example.testing.ts'
import { ledgerAnswer } from './ledger.ts'
import {
  close,
  H100,
  hour,
  type LedgerSite,
  line,
  NOTHING,
  prices,
  startLedgerSite,
} from './ledger.testing.ts'
import { lossAnswer } from './loss.ts'
import { ownersAnswer } from './owners.ts'
import { summaryWithLedger } from './summary.ts'
import { tiersAnswer } from './tiers.ts'

const T0 = EXAMPLE_FROM_MS
let site: LedgerSite
beforeAll(async () => {
  site = await startLedgerSite()
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
})

describe('one question, one digit', () => {
  const figures = (group: {
    readonly utilization: number | null
    readonly util_lo: number | null
    readonly util_hi: number | null
    readonly coverage: number | null
    readonly capacity_device_seconds: number
    readonly busy_device_seconds: number
    readonly devices: number
  }) => [
    group.utilization,
    group.util_lo,
    group.util_hi,
    group.coverage,
    group.capacity_device_seconds,
    group.busy_device_seconds,
    group.devices,
  ]

  for (const groupBy of [
    '',
    'cluster',
    'tenant',
    'node',
    'cluster,billing',
    'model,pool,tenant,class',
  ]) {
    test(`summary, ledger, tiers and loss agree by ${groupBy || 'nothing'}`, async () => {
      await seedExample(site.store)
      await seedExample(site.store, { cluster: 'west', pool: 'b', firstId: 101 })
      site.documents = {
        ...NOTHING,
        prices: prices(line(2), line(3, { from_ms: T0 + HOUR_MS / 2 })),
      }
      const asked = { ...hour, groupBy }
      const summary = await fleetSummary(site.deps(), asked)
      const [ledger, loss, tiers, included] = await Promise.all([
        ledgerAnswer(site.deps(), asked),
        lossAnswer(site.deps(), asked),
        tiersAnswer(site.deps(), { ...asked, basis: 'bf16' }),
        summaryWithLedger(site.deps(), asked),
      ])
      const expected = summary.groups.map(figures)
      for (const { groups } of [ledger, loss, TiersAnswer.parse(tiers), included])
        expect(groups.map(figures)).toEqual(expected)
      expect(included.groups.map((group) => group.ledger)).toEqual(
        ledger.groups.map((group) => group.ledger),
      )
      expect(included.groups.map((group) => group.loss_usd)).toEqual(
        loss.groups.map((group) => group.loss_usd),
      )
      expect(ledger.groups.every((group) => group.ledger_ok)).toBe(true)
    })
  }

  test('owners and the series agree as well', async () => {
    await seedExample(site.store)
    site.documents = {
      ...NOTHING,
      owners: [
        {
          tenant: 'stars',
          display_name: '星辰',
          contact: 'ops@stars.example',
          accounts: [],
          namespaces: [],
          queues: [],
          billing: 'paid',
        },
        {
          tenant: 'absent',
          display_name: 'Away',
          contact: '',
          accounts: [],
          namespaces: [],
          queues: [],
          billing: 'free',
        },
      ],
    }
    const owners = OwnersAnswer.parse(await ownersAnswer(site.deps(), hour))
    const { groups } = await lossAnswer(site.deps(), { ...hour, groupBy: 'tenant' })
    const byTenant = new Map(groups.map((group) => [group.key['tenant'], group]))
    expect(owners.owners.map((owner) => [owner.tenant, owner.display_name])).toEqual([
      ['stars', '星辰'],
      ['labs', ''],
      ['absent', 'Away'],
    ])
    for (const owner of [...owners.owners, owners.nobody]) {
      if (owner.tenant === 'absent') continue
      const group = byTenant.get(owner.tenant)
      expect(group && figures(group)).toEqual(figures(owner))
      expect(owner.loss_usd).toEqual(group?.loss_usd)
    }
    const series = await fleetSeries(site.deps(), { ...hour, metric: 'utilization', points: 1 })
    const [ledger] = (await ledgerAnswer(site.deps(), hour)).groups
    expect(series.groups[0]?.values).toEqual([ledger?.utilization])
    expect(series.groups[0]?.lo).toEqual([ledger?.util_lo])
  })
})

test('100 devices at 0.90 and 900 at 0.50 are 0.54 everywhere, not the 0.70 of an average of averages', async () => {
  await seedGroups(site.store, [
    { bucketMs: T0, devices: 100, busy: 0.9, dims: { model: H100, cluster: 'east' } },
    { bucketMs: T0, devices: 900, busy: 0.5, dims: { model: H100, cluster: 'west' } },
  ])
  await publish(site.store, [T0])
  const minute = { ...hour, to: String(T0 + MINUTE_MS) }
  const [ledger, loss, tiers, owners, summary] = await Promise.all([
    ledgerAnswer(site.deps(), minute),
    lossAnswer(site.deps(), minute),
    tiersAnswer(site.deps(), { ...minute, basis: 'bf16' }),
    ownersAnswer(site.deps(), minute),
    summaryWithLedger(site.deps(), minute),
  ])
  for (const { groups } of [ledger, loss, tiers, summary]) expect(groups[0]?.utilization).toBe(0.54)
  expect(owners.nobody.utilization).toBe(0.54)
  const [weighed] = tiers.groups
  expect(weighed?.busy_by.compute.value).toBe(0.54)
  expect(weighed?.busy_by.price.value).toBe(0.54)
})

describe('tables', () => {
  const dims = { tenant: 'stars', billing: 'paid' }
  const idle = { bucketMs: 0, busy: 0, dims, states: { idle_held_ms: 60_000 } }
  const work = { bucketMs: 0, busy: 0.8, dims, states: { productive_ms_x1000: 60_000_000 } }
  /** A minute of each, of which hours and days are made. */
  const half = {
    busy: 0.4,
    dims,
    states: { idle_held_ms: 30_000, productive_ms_x1000: 30_000_000 },
  }

  test('of minutes, hours and days give the same states, dollars and devices', async () => {
    const from = T0 - 2 * HOUR_MS - 30 * MINUTE_MS
    const to = from + 4 * 24 * HOUR_MS + 10 * MINUTE_MS
    site.nowMs = to
    const count = (to - from) / MINUTE_MS
    const buckets = Array.from({ length: count }, (_, at) => from + at * MINUTE_MS)
    const minutes = buckets.map((bucketMs, at) => ({ ...(at % 2 === 0 ? idle : work), bucketMs }))
    await seedDevices(site.store, minutes)
    await publish(site.store, buckets)
    const asked = { from: String(from), to: String(to), filters: [], groupBy: 'job,tenant' }
    const ask = async () => {
      const ledger = await ledgerAnswer(site.deps(), asked)
      const loss = await lossAnswer(site.deps(), asked)
      return { resolution: ledger.resolution, ledger: ledger.groups, loss: loss.groups }
    }
    const fromMinutes = await ask()
    expect(fromMinutes).toMatchObject({
      resolution: '1m',
      ledger: [{ devices: 1, ledger_ok: true, ledger: { idle_held: (count / 2) * 60 } }],
    })
    const hours = Array.from({ length: 4 * 24 - 1 }, (_, at) => from + (at * 60 + 30) * MINUTE_MS)
    await seedDevices(
      site.store,
      hours.map((bucketMs) => ({ ...half, bucketMs })),
      'ledger_1h',
    )
    await publish(site.store, hours, { resolution: '1h' })
    expect(await ask()).toEqual({ ...fromMinutes, resolution: '1h' })
    // Midnight in Shanghai is 16:00 UTC.
    const days = [0, 1, 2].map((at) => Date.UTC(2026, 4, 4 + at, 16))
    await seedDevices(
      site.store,
      days.map((bucketMs) => ({ ...half, bucketMs })),
      'ledger_1d',
    )
    await publish(site.store, days, { resolution: '1d' })
    expect(await ask()).toEqual({ ...fromMinutes, resolution: '1d' })
  })
})

describe('tiers', () => {
  test('are weighed by device, compute and price, and a model without a figure is named', async () => {
    await seedGroups(site.store, [
      { bucketMs: T0, devices: 1, busy: 0.9, dims: { model: H100 } },
      { bucketMs: T0, devices: 1, busy: 0.5, dims: { model: 'NVIDIA A100-SXM4-80GB' } },
      { bucketMs: T0, devices: 1, busy: 0.1, dims: { model: 'Mystery 9' } },
    ])
    await publish(site.store, [T0])
    site.documents = { ...NOTHING, prices: prices(line(3, { model: H100 }), line(1)) }
    const minute = { ...hour, to: String(T0 + MINUTE_MS), basis: 'bf16' as const }
    const [group] = (await tiersAnswer(site.deps(), minute)).groups
    expect(group?.busy_by.device.value).toBe(0.5)
    expect(group?.busy_by.price.value).toEqual(close((0.9 * 3 + 0.5 + 0.1) / 5))
    expect(group?.busy_by.compute).toMatchObject({
      value: close((0.9 * 989 + 0.5 * 312) / (989 + 312)),
      h100_equivalents: { capacity: close(1 + 312 / 989), busy: close(0.9 + (0.5 * 312) / 989) },
      unweighted_device_seconds: 60,
      unweighted_models: ['Mystery 9'],
    })
  })
})
