import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { createSpans } from '../ingest/settle/spans.ts'
import { OPEN_MS, storeFleet, type Told } from '../ingest/settle/states-fleet.testing.ts'
import { completeScope } from './annotation-scope.ts'
import { deviceDetail, type DevicesDeps, type DevicesQuestion, listDevices } from './devices.ts'
import { nodeDetail } from './nodes.ts'
import { seedRows } from './seed.testing.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTE = 60_000
const now = T0 + 5 * MINUTE
const iso = (ms: number) => new Date(ms).toISOString()

let engine: TestEngine
const owner = { contact: '', accounts: [], namespaces: [], queues: [], billing: 'paid' as const }
const deps = (): DevicesDeps => ({
  reader: engine.reader,
  clock: () => now,
  simulated: true,
  documents: async () => ({ owners: [{ ...owner, tenant: 'acme', display_name: '阿克米' }] }),
})

const told = (device: number, more: Partial<Told> = {}): Told => ({
  device,
  atMs: T0 - 60 * MINUTE,
  node: 'n1',
  cluster: 'c1',
  rack: 'r0',
  ...more,
})
const entry = (kind: string, device: number, detail: object) => ({
  kind,
  device_id: device,
  from_at: iso(T0 - 30 * MINUTE),
  to_at: iso(OPEN_MS),
  reason: 'fan swap',
  detail: JSON.stringify({ sequence: 3, ...detail }),
  version: 2,
})

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  const counted = [1, 2, 3, 4, 5, 6]
  await storeFleet(
    store,
    {
      intervals: counted.map((device) => ({
        kind: 'capacity',
        device,
        fromMs: T0 - 60 * MINUTE,
        toMs: OPEN_MS,
      })),
      told: [
        told(1, { tenant: 'label', job: 'old' }),
        ...[2, 3, 4].map((device) => told(device)),
        told(5, { node: 'n2', cluster: 'c2' }),
        told(6),
        told(7, { tenant: 'label', job: 'waits' }),
      ],
      places: [{ device: 0, node: 'n1', fromMs: T0, cluster: 'Hall A', hall: 'H2', rack: 'R7' }],
      claims: [
        { device: 1, fromMs: T0, toMs: OPEN_MS, holder: 'j1', tenant: 'acme', class: 'training' },
        { device: 2, fromMs: T0, toMs: OPEN_MS, holder: 'j2', tenant: 'acme', share: 250_000 },
        { device: 2, fromMs: T0, toMs: OPEN_MS, holder: 'j3', tenant: 'beta', share: 500_000 },
      ],
      scopes: [{ source: 'slurm', cluster: 'Hall A', fromMs: T0 - 60 * MINUTE, toMs: OPEN_MS }],
      edges: [
        {
          device: 4,
          atMs: T0 - 10 * MINUTE,
          collector: 'k',
          type: 'xid',
          code: '79',
          severity: 'fatal',
          edge: 'open',
        },
      ],
    },
    'standing',
  )
  const drained = { ticket: 'OPS-1', waiting_on: 'vendor', eta_ms: now + 60 * MINUTE }
  await seedRows(store, 'intervals', [entry('drained', 3, drained)])
  await createSpans(store, () => now).open(now)
})
afterAll(() => engine.stop())

const asked = { filters: [], q: '', sort: 'cluster', partitions: false, limit: 100 }
const list = async (more: Partial<DevicesQuestion> = {}) =>
  (await listDevices(deps(), { ...asked, ...more })).devices
const ids = async (more: Partial<DevicesQuestion>) =>
  (await list(more)).map(({ device_id }) => device_id)

test('a device stands where the ledger counts it and is held by whom it counts, not as its labels say', async () => {
  const { device } = await deviceDetail(deps(), '1')
  expect(device).toMatchObject({
    cluster: 'Hall A',
    hall: 'H2',
    rack: 'R7',
    told: { cluster: 'c1', rack: 'r0', hall: '' },
    holder: { tenant: 'label', job: 'old' },
    ledger: {
      state: 'held',
      allocation_source: 'slurm',
      holders: [{ tenant: 'acme', display_name: '阿克米', job: 'j1', class: 'training', share: 1 }],
    },
  })
})

test('a shared device names each holder with its share, and is found by each of them once', async () => {
  const { device } = await deviceDetail(deps(), '2')
  expect(device.ledger?.state).toBe('held')
  expect(device.ledger?.holders.map(({ job, share }) => [job, share])).toEqual([
    ['j2', 0.25],
    ['j3', 0.5],
  ])
  expect(await ids({ filters: ['tenant:eq:beta'] })).toEqual(['2'])
  expect(await ids({ filters: ['tenant:in:acme,beta'] })).toEqual(['1', '2'])
  const page = await listDevices(deps(), { ...asked, filters: ['tenant:in:acme,beta'] })
  expect(page.total).toBe(2)
})

test('a drained device says why, under which ticket, for what it waits and until when', async () => {
  const { device } = await deviceDetail(deps(), '3')
  expect(device.ledger).toMatchObject({
    state: 'drained',
    since: iso(T0 - 30 * MINUTE),
    reason: 'fan swap',
    ticket: 'OPS-1',
    waiting_on: 'vendor',
    eta: iso(now + 60 * MINUTE),
    holders: [],
  })
})

test('a device that failed by a finding says which and since when', async () => {
  await seedRows(engine.store, 'events', [
    {
      at: iso(T0 - 5 * MINUTE),
      device_id: 4,
      cluster: 'c1',
      collector: 'k',
      node: 'n1',
      source: 'test',
      type: 'xid',
      code: '79',
      severity: 'fatal',
      edge: 'open',
      message: 'fell off the bus',
      message_zh: '从总线脱落',
      log_position: 2,
    },
  ])
  const { device } = await deviceDetail(deps(), '4')
  expect(device.ledger).toMatchObject({
    state: 'failed',
    since: iso(T0 - 5 * MINUTE),
    reason: 'fell off the bus',
    reason_zh: '从总线脱落',
  })
})

test('free where a source speaks, untold where none does, and null where it is in no capacity: then its labels stand', async () => {
  const found = new Map((await list()).map((device) => [device.device_id, device]))
  expect(found.get('6')?.ledger?.state).toBe('free')
  expect(found.get('5')?.ledger).toMatchObject({ state: 'untold', allocation_source: 'none' })
  expect(found.get('7')).toMatchObject({
    ledger: null,
    cluster: 'c1',
    rack: 'r0',
    holder: { tenant: 'label', job: 'waits' },
  })
})

test('filters go by the same: place, holder and state; what the ledger does not count is found as told', async () => {
  expect(await ids({ filters: ['hall:eq:H2'] })).toEqual(['1', '2', '3', '4', '6'])
  expect(await ids({ filters: ['rack:eq:r0'] })).toEqual(['7', '5'])
  expect(await ids({ filters: ['tenant:eq:label'] })).toEqual(['7'])
  expect(await ids({ filters: ['job:eq:j1'] })).toEqual(['1'])
  expect(await ids({ filters: ['allocation_source:eq:none'] })).toEqual(['5'])
  expect(await ids({ states: ['failed', 'drained'] })).toEqual(['3', '4'])
  expect(await ids({ states: ['outside'] })).toEqual(['7'])
  expect(await ids({ states: ['held'], filters: ['tenant:ne:acme'] })).toEqual(['2'])
})

test('a node is found under the cluster of its collector, and shows its devices where the ledger has them', async () => {
  const node = await nodeDetail({ ...deps() }, 'n1', 'c1')
  expect(node.devices.map(({ device_id }) => device_id)).toEqual(['1', '2', '3', '4', '6', '7'])
  expect(new Set(node.devices.map(({ cluster }) => cluster))).toEqual(new Set(['Hall A', 'c1']))
})

test('pages do not lose or repeat a shared device', async () => {
  const first = await listDevices(deps(), { ...asked, limit: 3 })
  const cursor = first.next_cursor ?? ''
  const rest = await listDevices(deps(), { ...asked, limit: 10, cursor })
  const both = [...first.devices, ...rest.devices].map(({ device_id }) => device_id)
  expect([first.total, both.toSorted()]).toEqual([7, ['1', '2', '3', '4', '5', '6', '7']])
})

test('what a note is about is completed by where the ledger counts it', async () => {
  const places = { cluster: 'Hall A', hall: 'H2', rack: 'R7' }
  expect(await completeScope(deps(), { device: '1' })).toEqual({
    device: '1',
    node: 'n1',
    ...places,
  })
  // One device of n1 is not counted and stands where it was told: what they do not agree on stays open.
  expect(await completeScope(deps(), { node: 'n1' })).toEqual({ node: 'n1' })
  expect(await completeScope(deps(), { node: 'n1', cluster: 'Hall A' })).toEqual({
    node: 'n1',
    ...places,
  })
  expect(await completeScope(deps(), { node: 'n9', pool: 'p' })).toEqual({ node: 'n9', pool: 'p' })
  expect(await completeScope(deps(), { tenant: 'acme' })).toEqual({ tenant: 'acme' })
})
