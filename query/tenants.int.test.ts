import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { JournalEntry } from '#schemas/journal.ts'
import { createLedger } from '../ingest/settle/ledger.ts'
import { createLocalDays } from '../ingest/settle/local-day.ts'
import { storeFleet } from '../ingest/settle/states-fleet.testing.ts'
import { testApp, type TestApp } from './access/access.testing.ts'
import { type LedgerSite, startLedgerSite } from './ledger/ledger.testing.ts'
import { seedRows } from './seed.testing.ts'
import { MINUTE_MS } from './window.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Namespaces of labels belong to tenants: every answer names the tenant, by one key. */

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTES = 40
const END = T0 + MINUTES * MINUTE_MS
const iso = (ms: number) => new Date(ms).toISOString()

const owner = { contact: '', accounts: [], queues: [], billing: 'paid' as const }
const entry: JournalEntry = {
  sequence: 1,
  at_ms: T0 - MINUTE_MS,
  who: 'ann',
  body: {
    kind: 'owners',
    owners: [{ ...owner, tenant: 'acme', display_name: '阿克米', namespaces: ['acme-*'] }],
  },
}

let site: LedgerSite
let web: TestApp
beforeAll(async () => {
  site = await startLedgerSite()
  const { store } = site
  const { sequence, at_ms, who, body } = entry
  const row = { sequence, at: iso(at_ms), kind: body.kind, who, body: JSON.stringify(body) }
  await seedRows(store, 'journal_entries', [row])
  const devices = [
    { device: 1, namespace: 'acme-train', pod: 'a', busy: 0.75 },
    { device: 2, namespace: 'acme-lab', pod: 'b', busy: 0 },
    { device: 3, namespace: 'other', pod: 'c', busy: 0.5 },
  ]
  await storeFleet(
    store,
    {
      intervals: devices.map(({ device }) => ({
        kind: 'capacity',
        device,
        fromMs: T0,
        toMs: Date.UTC(2100, 0, 1),
      })),
      told: devices.map(({ device, namespace, pod }) => ({
        device,
        namespace,
        pod,
        atMs: T0,
        node: 'n1',
        cluster: 'east',
        class: 'training',
      })),
      readings: devices.flatMap(({ device, busy }) =>
        Array.from({ length: (MINUTES + 2) * 6 }, (_, cell) => ({
          device,
          atMs: T0 + cell * 10_000,
          stepMs: 10_000,
          position: cell + 1,
          // Device 1 stops when half of the time has passed.
          busy: device === 1 && cell >= MINUTES * 3 ? 0.1 : busy,
        })),
      ),
    },
    'tenants',
  )
  const ledger = await createLedger(store, () => END, { dayOf: createLocalDays('UTC') })
  for (let minute = 0; minute < MINUTES; minute += 20)
    await ledger.settle({
      kind: 'minutes',
      fromMs: T0 + minute * MINUTE_MS,
      toMs: T0 + (minute + 20) * MINUTE_MS,
      reason: null,
    })
  web = await testApp({
    reader: site.deps().reader,
    clock: () => END + 2 * MINUTE_MS,
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

const Grouped = z.object({
  groups: z.array(z.object({ key: z.record(z.string(), z.string()) })),
  names: z.unknown(),
})
const NAMES = { tenant: { acme: '阿克米' } }
const window = `from=${T0}&to=${END}`
const get = async (path: string) => {
  const answer = await web.app.inject(`/api/v1/${path}`)
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.body}`)
  return answer.json()
}

test.each([
  'fleet/summary?',
  'fleet/summary?include=ledger&',
  'fleet/series?',
  'ledger?',
  'ledger/series?',
  'loss?',
  'utilization/tiers?',
])('%s groups by the tenant that owns a namespace, and names it', async (path) => {
  const answer = Grouped.parse(await get(`${path}${window}&group_by=tenant`))
  expect(answer.groups.map(({ key }) => key['tenant'])).toEqual(['acme', 'other'])
  expect(answer.names).toEqual(NAMES)
})

test('minutes that are not settled yet have the same keys, and filters go by them', async () => {
  const fresh = `from=${END - MINUTE_MS}&to=${END + 2 * MINUTE_MS}&group_by=tenant`
  const asked = `fleet/summary?${fresh}&filter=tenant:eq:acme`
  const answer = Grouped.extend({ provisional: z.boolean() }).parse(await get(asked))
  expect(answer.groups.map(({ key }) => key['tenant'])).toEqual(['acme'])
  expect(answer.provisional).toBe(true)
})

test('a question that is not about tenants carries no names', async () => {
  expect(await get(`ledger?${window}`)).not.toHaveProperty('names')
})

test('owners, idle devices, devices, causes and contingencies say the same tenant', async () => {
  const Owners = z.object({ owners: z.array(z.object({ tenant: z.string(), devices: z.int() })) })
  expect(Owners.parse(await get(`owners?${window}`)).owners).toEqual(
    expect.arrayContaining([
      { tenant: 'acme', devices: 2 },
      { tenant: 'other', devices: 1 },
    ]),
  )
  const Idle = z.object({ devices: z.array(z.object({ tenant: z.string() })), names: z.unknown() })
  expect(Idle.parse(await get('idle-held'))).toEqual({
    devices: [{ tenant: 'acme' }],
    names: NAMES,
  })
  const Devices = z.object({ devices: z.array(z.object({ device_id: z.string() })) })
  expect(Devices.parse(await get('devices?filter=tenant:eq:acme')).devices).toEqual([
    { device_id: '1' },
    { device_id: '2' },
  ])
  const half = T0 + (MINUTES / 2) * MINUTE_MS
  const Explained = z.object({
    causes: z.array(
      z.object({ contributors: z.array(z.object({ tenant: z.string().nullable() })) }),
    ),
    names: z.unknown(),
  })
  const explained = Explained.parse(await get(`explain?at=${half}&window=15m`))
  const told = explained.causes.flatMap(({ contributors }) => contributors)
  expect(new Set(told.map(({ tenant }) => tenant))).toEqual(new Set(['acme']))
  expect(explained.names).toEqual(NAMES)
  const Contingency = z.object({
    steps: z.array(z.object({ tenant: z.string() })),
    names: z.unknown(),
  })
  const contingency = Contingency.parse(await get('contingency?level=0.1'))
  const known = new Set(contingency.steps.map(({ tenant }) => tenant))
  expect([...known].every((tenant) => tenant === 'acme' || tenant === 'other')).toBe(true)
  expect(known.size).toBeGreaterThan(0)
})
