import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLedger } from '../../ingest/settle/ledger.ts'
import { createLocalDays } from '../../ingest/settle/local-day.ts'
import { seedInventory, seedRows, seedSamples } from '../seed.testing.ts'
import { MINUTE_MS } from '../window.ts'
import { idleHeldAnswer } from './idle-held.ts'
import { ledgerAnswer } from './ledger.ts'
import { type LedgerSite, startLedgerSite } from './ledger.testing.ts'
import { lossAnswer } from './loss.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTES = 40
const END = T0 + MINUTES * MINUTE_MS
const OPEN = '2100-01-01 00:00:00.000'
const at = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, 23)

let site: LedgerSite
beforeAll(async () => {
  site = await startLedgerSite()
  site.nowMs = END
  await settleFleet()
})
afterAll(async () => {
  await site.stop()
})

/** 1 works, 2 is held and idle, 3 belongs to nobody, 4 is held and silent, 5 is drained; Slurm tells all of it. */
async function settleFleet(): Promise<void> {
  const { store } = site
  const held = [1, 2, 4].map((id) => ({
    device_id: id,
    from_at: at(T0),
    to_at: OPEN,
    source: 'slurm',
    source_rank: 1,
    holder: `job-${id}`,
    job: `job-${id}`,
    tenant: id === 1 ? 'labs' : 'stars',
    account: '',
    class: 'training',
    billing: id === 1 ? 'internal' : 'paid',
    confidence: 'exact',
    share_ppm: 0,
    version: 1,
    inserted_at: at(T0),
  }))
  await seedRows(store, 'allocations', held)
  const scope = { source: 'slurm', cluster: 'east', node: '', from_at: at(T0), to_at: OPEN }
  await seedRows(store, 'allocation_scopes', [{ ...scope, version: 1, inserted_at: at(T0) }])
  const drained = { kind: 'drained', device_id: 5, from_at: at(T0), to_at: OPEN, version: 1 }
  await seedRows(store, 'intervals', [{ ...drained, reason: 'maintenance', detail: '' }])
  await seedInventory(
    store,
    [1, 2, 3, 4, 5].map((id) => ({ id, sinceMs: T0 })),
  )
  const busy = new Map([
    [1, 0.75],
    [2, 0.01],
    [3, 0],
    [5, 0],
  ])
  await seedSamples(
    store,
    [...busy].flatMap(([id, busy_ratio]) =>
      Array.from({ length: MINUTES * 6 }, (_, cell) => ({
        tsMs: T0 + cell * 10_000,
        id,
        busy_ratio,
        power_watts: 100,
      })),
    ),
  )
  // In pieces: what is idle turns out in a later one, so its minutes are moved with hindsight.
  const ledger = await createLedger(store, () => END, { dayOf: createLocalDays('UTC') })
  for (let minute = 0; minute < MINUTES; minute += 10)
    await ledger.settle({
      kind: 'minutes',
      fromMs: T0 + minute * MINUTE_MS,
      toMs: T0 + (minute + 10) * MINUTE_MS,
      reason: null,
    })
}

const asked = { from: String(T0), to: String(END), filters: [] }
const LENGTH_S = MINUTES * 60

test('what settling wrote is answered state by state, and sums in every grouping', async () => {
  const { groups } = await ledgerAnswer(site.deps(), asked)
  expect(groups[0]).toMatchObject({
    devices: 5,
    capacity_device_seconds: 5 * LENGTH_S,
    ledger: {
      failed: 0,
      drained: LENGTH_S,
      unknown: LENGTH_S,
      unallocated: LENGTH_S,
      idle_held: LENGTH_S,
      productive: LENGTH_S,
    },
    busy_device_seconds: expect.closeTo(0.76 * LENGTH_S, 6),
    allocation_sources: { slurm: 5 * LENGTH_S },
    ledger_ok: true,
  })
  for (const groupBy of ['tenant', 'billing', 'class', 'node', 'job', 'tenant,billing,node']) {
    const parts = (await ledgerAnswer(site.deps(), { ...asked, groupBy })).groups
    const sum = (of: (group: (typeof parts)[number]) => number) =>
      parts.reduce((total, group) => total + of(group), 0)
    expect(parts.every((group) => group.ledger_ok)).toBe(true)
    expect(sum((group) => group.ledger.idle_held)).toBe(LENGTH_S)
    expect(sum((group) => group.capacity_device_seconds)).toBe(5 * LENGTH_S)
  }
  expect(site.health.brokenGroups).toBe(0)
})

test('its loss names who pays, its idle device since when', async () => {
  const { groups } = await lossAnswer(site.deps(), { ...asked, groupBy: 'tenant' })
  const hours = LENGTH_S / 3600
  const money = (gpuHours: number) => ({
    gpu_hours: expect.closeTo(gpuHours, 9),
    usd: expect.closeTo(gpuHours * 2, 9),
  })
  expect(groups).toMatchObject([
    { key: { tenant: '' }, payers: { ours: money(2 * hours), customer: money(0) } },
    { key: { tenant: 'labs' }, payers: { ours: money(hours / 4), customer: money(0) } },
    { key: { tenant: 'stars' }, payers: { ours: money(0), customer: money(hours) } },
  ])
  const idle = await idleHeldAnswer(site.deps(), { hours: 1, limit: 10 })
  expect(idle.devices).toMatchObject([
    { device_id: '2', tenant: 'stars', since: new Date(T0).toISOString(), usd_per_hour: 2 },
  ])
})
