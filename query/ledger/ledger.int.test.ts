import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LedgerAnswer, LossAnswer } from '#schemas/api-ledger.ts'
import { publish, seedDevices, seedGroups, seedInventory, seedSamples } from '../seed.testing.ts'
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

const T0 = EXAMPLE_FROM_MS
/** Device-hours as device-seconds. */
const h = (hours: number) => hours * 3600
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

describe('the worked example of docs/numbers.md', () => {
  test('nine states sum to capacity, the waterfall ends at what is busy', async () => {
    await seedExample(site.store)
    const answer = LedgerAnswer.parse(await ledgerAnswer(site.deps(), hour))
    const [group] = answer.groups
    expect(answer.states_final_until).toBe(new Date(T0 - HOUR_MS).toISOString())
    expect(group).toMatchObject({
      devices: 20,
      capacity_device_seconds: h(20),
      base_device_seconds: h(19),
      known_device_seconds: h(18),
      busy_device_seconds: close(h(9.82)),
      utilization: close(9.82 / 18),
      coverage: close(18 / 19),
      ledger: {
        failed: h(1),
        drained: h(1),
        verification: h(1),
        unknown: h(1),
        unallocated: h(3),
        idle_held: h(2),
        throttled: h(0.25),
        inefficient: 0,
        productive: h(10.75),
      },
      throttled_by_cause: { heat: h(0.25), power_brake: 0, hardware: 0 },
      allocation_sources: { slurm: h(20) },
      ledger_ok: true,
      missing_device_seconds: 0,
    })
    const steps = group?.waterfall.map(({ step, device_seconds }) => [step, device_seconds / 3600])
    expect(steps).toEqual([
      ['capacity', 20],
      ['failed', -1],
      ['drained', -1],
      ['verification', -1],
      ['unknown', -1],
      ['unallocated', -3],
      ['idle_held', -2],
      ['part_busy', close(-1.2)],
      ['busy_while_quiet', close(0.02)],
      ['busy', close(9.82)],
    ])
    expect(site.health.brokenGroups).toBe(0)
  })

  test('its loss is $16.80 against capacity and $7.36 against the target, at the assumed price', async () => {
    await seedExample(site.store)
    const answer = LossAnswer.parse(await lossAnswer(site.deps(), hour))
    expect(answer.groups[0]).toMatchObject({
      lost_gpu_hours: close(8.4),
      loss_usd: { versus_capacity: close(16.8), versus_target: close(7.36) },
      usd_per_hour: close(16.8),
      by_state: {
        failed: { gpu_hours: 1, usd: 2 },
        drained: { gpu_hours: 1, usd: 2 },
        unallocated: { gpu_hours: 3, usd: 6 },
        idle_held: { gpu_hours: 2, usd: 4 },
        throttled: { gpu_hours: 0.25, usd: 0.5 },
        part_busy: { gpu_hours: close(1.15), usd: close(2.3) },
        inefficient: { gpu_hours: 0, usd: 0 },
      },
      throttled_by_cause: { heat: { gpu_hours: 0.25, usd: 0.5 } },
      payers: {
        ours: { gpu_hours: close(5.4), usd: close(10.8) },
        customer: { gpu_hours: close(3), usd: close(6) },
      },
      unallocated: { unsold: { gpu_hours: 3 }, sold_without_job: { gpu_hours: 0, usd: 0 } },
      unpriced_hours: 0,
      assumed: true,
      idle_energy: { kwh: close(0.54), usd: close(0.54 * 0.08 * 1.15), assumed: true, pue: 1.15 },
    })
    expect(answer.contract_step_hours).toBeNull()
  })

  test('a contract for 14 devices pays for one of the three that nobody holds', async () => {
    await seedExample(site.store)
    site.documents = {
      ...NOTHING,
      contracts: [
        {
          id: 'c-1',
          tenant: 'stars',
          model: 'H100 80GB HBM3',
          pool: '',
          devices: 14,
          from_ms: 0,
          to_ms: null,
          rate_per_hour: 2,
          flat_fee: null,
          currency: 'USD',
        },
      ],
    }
    const { groups, contract_step_hours } = await lossAnswer(site.deps(), hour)
    expect(groups[0]).toMatchObject({
      unallocated: { unsold: { gpu_hours: 2, usd: 4 }, sold_without_job: { gpu_hours: 1, usd: 2 } },
      payers: {
        ours: { gpu_hours: close(4.4), usd: close(8.8) },
        customer: { gpu_hours: close(4), usd: close(8) },
      },
      loss_usd: { versus_capacity: close(16.8) },
    })
    expect(contract_step_hours).toBe(1)
  })
})

describe('money', () => {
  test('a price that changes at half past is cut there, and the pieces are the whole', async () => {
    await seedExample(site.store)
    const book = prices(line(2), line(4, { from_ms: T0 + HOUR_MS / 2 }))
    site.documents = { ...NOTHING, prices: book }
    const { groups } = await lossAnswer(site.deps(), hour)
    expect(groups[0]).toMatchObject({
      lost_gpu_hours: close(8.4),
      loss_usd: { versus_capacity: close(8.4 * 3), versus_target: close(3.68 * 3) },
      assumed: false,
      idle_energy: { assumed: true },
    })
  })

  test('a model that the book does not know has unpriced hours, never $0', async () => {
    await seedExample(site.store)
    await seedExample(site.store, { model: 'Ascend 910B4', cluster: 'west', firstId: 101 })
    site.documents = { ...NOTHING, prices: prices(line(3, { model: H100 })) }
    const { groups } = await lossAnswer(site.deps(), { ...hour, groupBy: 'cluster' })
    expect(groups.map((group) => [group.key['cluster'], group.loss_usd.versus_capacity])).toEqual([
      ['east', close(25.2)],
      ['west', null],
    ])
    expect(groups.map((group) => group.unpriced_hours)).toEqual([0, close(8.4)])
    expect(groups[1]?.by_state.failed).toEqual({ gpu_hours: 1, usd: null })
    const [fleet] = (await lossAnswer(site.deps(), hour)).groups
    expect(fleet).toMatchObject({
      lost_gpu_hours: close(16.8),
      loss_usd: { versus_capacity: close(25.2) },
      unpriced_hours: close(8.4),
    })
  })

  test('electricity goes by the time of the local day', async () => {
    await seedExample(site.store)
    const night = { from_minute: 0, per_kwh: 0.03 }
    // 08:00 UTC is 16:00 in Shanghai.
    const peak = { from_minute: 16 * 60 + 30, per_kwh: 0.12 }
    const electricity = [{ from_ms: 0, currency: 'USD', periods: [night, peak] }]
    site.documents = { ...NOTHING, prices: { lines: [], currencies: [], electricity } }
    const { groups } = await lossAnswer(site.deps(), hour)
    expect(groups[0]?.idle_energy).toMatchObject({
      kwh: close(0.54),
      usd: close(0.27 * (0.03 + 0.12) * 1.15),
      assumed: false,
    })
  })

  test('too many changes of prices in one window are refused with what to do', async () => {
    await seedExample(site.store)
    const often = Array.from({ length: 60 }, (_, at) => line(2, { from_ms: T0 + at * MINUTE_MS }))
    site.documents = { ...NOTHING, prices: prices(...often) }
    const answer = await lossAnswer(site.deps(), hour)
    expect(answer.groups[0]?.loss_usd.versus_capacity).toEqual(close(16.8))
    const hourly = Array.from({ length: 100 }, (_, at) => line(2, { from_ms: T0 - at * HOUR_MS }))
    site.documents = { ...NOTHING, prices: prices(...hourly) }
    const long = { ...hour, from: String(T0 - 100 * HOUR_MS) }
    await expect(lossAnswer(site.deps(), long)).rejects.toMatchObject({ code: 'E_QUERY_TOO_LARGE' })
  })
})

describe('minutes that are not settled yet', () => {
  test('have states too: what nobody names and works is productive, and it is marked', async () => {
    await seedInventory(site.store, [{ id: 1, sinceMs: T0 - HOUR_MS }])
    const cells = Array.from({ length: 6 }, (_, at) => T0 + at * 10_000)
    await seedSamples(
      site.store,
      cells.map((tsMs) => ({ tsMs, id: 1, busy_ratio: 0.5 })),
    )
    const minute = { ...hour, to: String(T0 + MINUTE_MS), groupBy: 'tenant,allocation_source' }
    const answer = await ledgerAnswer(site.deps(), minute)
    expect(answer).toMatchObject({ provisional: true, resolution: 'raw', states_final_until: null })
    expect(answer.groups).toMatchObject([
      {
        key: { tenant: 'unattributed', allocation_source: 'none' },
        devices: 1,
        utilization: 0.5,
        ledger: { productive: 60 },
        ledger_ok: true,
      },
    ])
  })
})

describe('a ledger that does not add up', () => {
  test('says so and by how much, is counted, and stops nothing', async () => {
    const broken = { failed_ms: 20_000 }
    await seedGroups(site.store, [{ bucketMs: T0, devices: 1, states: broken }])
    await publish(site.store, [T0])
    const [group] = (await ledgerAnswer(site.deps(), { ...hour, to: String(T0 + MINUTE_MS) }))
      .groups
    expect(group).toMatchObject({ ledger_ok: false, missing_device_seconds: 40 })
    expect(site.health.brokenGroups).toBe(1)
  })

  test('rows that move idle time count as sums: no state is below zero', async () => {
    await seedDevices(site.store, [
      { bucketMs: T0, busy: 0.02, dims: { node: 'n9' } },
      {
        bucketMs: T0,
        capacityMs: 0,
        knownMs: 0,
        dims: { node: 'n9' },
        states: {
          idle_held_ms: 60_000,
          productive_ms_x1000: -60_000_000,
          busy_idle_held_ms_x1000: 1_200_000,
        },
      },
    ])
    await publish(site.store, [T0])
    const asked = { ...hour, to: String(T0 + MINUTE_MS), groupBy: 'node' }
    const [group] = (await ledgerAnswer(site.deps(), asked)).groups
    expect(group).toMatchObject({
      ledger: { idle_held: 60, productive: 0 },
      busy_by_state: { idle_held: 1.2, productive: 0 },
      ledger_ok: true,
    })
  })

  test('minutes settled before states were known are productive and unknown', async () => {
    await seedGroups(site.store, [{ bucketMs: T0, devices: 2, knownMs: 45_000 }])
    await publish(site.store, [T0])
    const [group] = (await ledgerAnswer(site.deps(), { ...hour, to: String(T0 + MINUTE_MS) }))
      .groups
    expect(group).toMatchObject({ ledger: { productive: 90, unknown: 30 }, ledger_ok: true })
    expect(group?.allocation_sources).toEqual({ '': 120 })
  })
})
