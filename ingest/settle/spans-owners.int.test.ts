import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { Owner } from '#schemas/journal.ts'
import { tenantOf } from '#schemas/owner-match.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createSpans } from './spans.ts'
import { clearFleet, OPEN_MS, storeFleet } from './states-fleet.testing.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000
const iso = (ms: number) => new Date(ms).toISOString()

let engine: TestEngine
let store: Store
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})
beforeEach(async () => {
  await clearFleet(store)
  await store.command('TRUNCATE TABLE journal_entries')
})

const owner = (tenant: string, more: Partial<Owner>): Owner => ({
  tenant,
  display_name: tenant,
  contact: '',
  accounts: [],
  namespaces: [],
  queues: [],
  billing: 'unknown',
  ...more,
})

let writes = 0
/** The document as the mirror leaves it in the store. */
async function say(sequence: number, atMs: number, owners: readonly Owner[]): Promise<void> {
  const body = JSON.stringify({ kind: 'owners', owners })
  const row = { sequence, at: iso(atMs), kind: 'owners', who: 'ann', body }
  await store.insertJson('journal_entries', [row], `owners-${(writes += 1)}`)
}

interface Holding {
  readonly namespace?: string
  readonly tenant?: string
}

/** Devices that labels say this of, from an hour before T0 on. */
async function label(holdings: readonly Holding[]): Promise<void> {
  const devices = holdings.map((holding, at) => ({ device: at + 1, ...holding }))
  await storeFleet(
    store,
    {
      intervals: devices.map(({ device }) => ({
        kind: 'capacity',
        device,
        fromMs: T0 - 60 * MINUTE,
        toMs: OPEN_MS,
      })),
      told: devices.map((one) => ({ ...one, atMs: T0 - 60 * MINUTE, node: 'n1', cluster: 'c1' })),
    },
    `label-${(writes += 1)}`,
  )
}

const Span = z.object({ device: z.number(), from: z.number(), tenant: z.string() })

/** By device: from which second after T0 on which tenant. */
async function tenantsOf(fromMinute: number, toMinute: number) {
  const set_id = await createSpans(store, () => T0).setFor({
    fromMs: T0 + fromMinute * MINUTE,
    toMs: T0 + toMinute * MINUTE,
    isFresh: false,
  })
  const rows = await store.query(
    `SELECT toUInt32(device_id) AS device, toInt32((from_ms - {t0:Int64}) / 1000) AS from, tenant
     FROM device_spans WHERE set_id = {set_id:UInt64} ORDER BY device_id, from_ms`,
    { set_id, t0: T0 },
  )
  return z
    .array(Span)
    .parse(rows)
    .map(({ device, from, tenant }) => [device, from, tenant])
}

it('a namespace is its owner’s, an account too; a tenant that is named stays, a name without an owner is a tenant', async () => {
  await say(1, T0 - 30 * MINUTE, [
    owner('acme', { namespaces: ['acme-*'], accounts: ['hpc'] }),
    owner('delta', { namespaces: ['acme-lab', 'd?'] }),
  ])
  await label([
    { namespace: 'acme-train' },
    { namespace: 'acme-lab' },
    { namespace: 'd1' },
    { namespace: 'other' },
    { namespace: 'acme-x', tenant: 'acme-x' },
    {},
  ])
  const held = { device: 6, fromMs: T0 - 60 * MINUTE, toMs: OPEN_MS, holder: 'j' }
  await storeFleet(store, { claims: [{ ...held, account: 'hpc' }] }, `claim-${(writes += 1)}`)
  expect(await tenantsOf(0, 5)).toEqual([
    [1, 0, 'acme'],
    [2, 0, 'delta'],
    [3, 0, 'delta'],
    [4, 0, 'other'],
    [5, 0, 'acme-x'],
    [6, 0, 'acme'],
  ])
})

it('owners count from their entry on, what they leave out counts no more; what was before stays', async () => {
  await label([{ namespace: 'acme-train' }])
  await say(1, T0 + 60_000, [owner('acme', { namespaces: ['acme-*'] })])
  await say(2, T0 + 120_000, [owner('zenith', { namespaces: ['acme-*'] })])
  await say(3, T0 + 180_000, [])
  const all = [
    [1, 0, 'acme-train'],
    [1, 60, 'acme'],
    [1, 120, 'zenith'],
    [1, 180, 'acme-train'],
  ]
  expect(await tenantsOf(0, 5)).toEqual(all)
  // Whichever time is looked at.
  expect(await tenantsOf(2, 3)).toEqual([[1, 120, 'zenith']])
})

it('patterns mean what they mean elsewhere, whatever signs they hold', async () => {
  const owners = [
    owner('exact', { namespaces: ['a.b', 'x_y', '50%', 'back\\slash', '队列一'] }),
    owner('one', { namespaces: ['a?b', 'x_*', '?0%*'] }),
    owner('many', { namespaces: ['*', 'a.b'] }),
    owner('ring', { namespaces: ['(x|y)+*', '[ab]*', 'back\\*'] }),
  ].toSorted((a, b) => (a.tenant < b.tenant ? 1 : -1))
  const names = ['a.b', 'a-b', 'axb', 'x_y', 'xzy', 'x_z', '50%', '50x', '60%5', 'back\\slash']
  const namespaces = [...names, 'back\\x', '队列一', '队列二', '(x|y)+1', 'x', '[ab]', 'a']
  for (const document of [owners, owners.filter(({ tenant }) => tenant !== 'many')]) {
    await store.command('TRUNCATE TABLE journal_entries')
    await clearFleet(store)
    await say(1, T0 - 30 * MINUTE, document)
    await label(namespaces.map((namespace) => ({ namespace })))
    const nobody = { tenant: '', account: '', queue: '' }
    expect(await tenantsOf(0, 1)).toEqual(
      namespaces.map((namespace, at) => [
        at + 1,
        0,
        tenantOf(document, { ...nobody, namespace }).tenant || namespace,
      ]),
    )
  }
})
