import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { InventoryAnswer } from '#schemas/api-inventory.ts'
import { inventoryOf } from './inventory.ts'
import { seedRows } from './seed.testing.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 20, 12)
const OPEN = '2100-01-01 00:00:00.000'
const time = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
const day = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
const DAYS = [1, 2, 3, 4].map((back) => Date.UTC(2026, 10, 20) - back * DAY_MS)

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  const ids = [1, 2, 3, 4, 5, 6]
  const device = (id: number, over: object = {}) => ({
    device_id: id,
    at: time(NOW_MS - 9 * DAY_MS),
    canonical_key: `uuid:${id}`,
    node: `n0${id}`,
    vendor: 'nvidia',
    model: 'H100',
    device_index: 0,
    cluster: 'east',
    hall: 'told',
    pool: 'main',
    sources: ['dcgm-exporter'],
    ...over,
  })
  await seedRows(store, 'devices', [
    ...ids.map((id) => device(id)),
    // What was told later counts; a partition and its device are one.
    device(6, { at: time(NOW_MS - DAY_MS), model: 'H100 SXM' }),
    device(7, { parent_id: 1 }),
    device(8, { sources: ['inventory'], node: 'n80' }),
    device(9, { sources: ['inventory'], node: 'n90' }),
  ])
  const interval = (kind: string, id: number, reason: string, to = OPEN) => ({
    kind,
    device_id: id,
    from_at: time(NOW_MS - 8 * DAY_MS),
    to_at: to,
    reason,
    version: 1,
  })
  await seedRows(store, 'intervals', [
    ...[1, 2, 3, 8].map((id) => interval('capacity', id, 'inventory')),
    interval('capacity', 4, 'discovered'),
    interval('capacity', 5, 'inventory', time(NOW_MS - DAY_MS)),
    interval('delivered', 9, 'inventory'),
  ])
  const fact = (id: number, name: string, value: string, node = `n0${id}`, back = 5) => ({
    cluster: 'east',
    node,
    device_id: id,
    name,
    value,
    at: time(NOW_MS - back * DAY_MS),
    source: 'nvidia-smi',
  })
  await seedRows(store, 'node_facts', [
    ...[1, 2, 3].map((id) => fact(0, 'driver_version', '570.1', `n0${id}`)),
    fact(0, 'driver_version', '550.2', 'n04', 5),
    fact(0, 'driver_version', '550.9', 'n04', 2),
    fact(1, 'vbios_version', '96'),
    // What is told of the device is nearer than what is told of its node.
    fact(5, 'driver_version', '550.9'),
    fact(0, 'driver_version', '570.1', 'n05'),
  ])
  await seedRows(
    store,
    'ledger_1d',
    DAYS.flatMap((ms) =>
      ids.slice(0, 5).map((id) => ({
        bucket: day(ms),
        device_id: id,
        revision: 1,
        known_ms: DAY_MS,
      })),
    ),
  )
  await seedRows(
    store,
    'revisions',
    DAYS.map((ms) => ({ resolution: '1d', bucket: day(ms), revision: 1 })),
  )
  const event = (id: number, ms: number, over: object = {}) => ({
    at: time(ms),
    device_id: id,
    cluster: 'east',
    type: 'xid',
    code: '79',
    severity: 'fatal',
    edge: 'open',
    ...over,
  })
  const noon = (DAYS[0] ?? 0) + DAY_MS / 2
  await seedRows(store, 'events', [
    event(4, noon),
    event(4, noon + 60_000),
    event(4, noon, { code: '63' }),
    event(1, noon, { severity: 'warning' }),
    event(2, NOW_MS - 1000),
  ])
})
afterAll(() => engine.stop())

const ask = async (days = 30) =>
  InventoryAnswer.parse(
    await inventoryOf({ reader: engine.reader, clock: () => NOW_MS, simulated: false }, { days }),
  )

it('tells how devices stand with capacity, which never came and which nobody listed', async () => {
  const { capacity, has_inventory } = await ask()
  expect(has_inventory).toBe(true)
  expect(capacity).toMatchObject([
    {
      model: 'H100',
      accepted: 5,
      waiting: 1,
      retired: 1,
      pending: 0,
      never_seen: 1,
      never_seen_nodes: 'n80',
      unlisted: 1,
      unlisted_nodes: 'n04',
    },
    { model: 'H100 SXM', accepted: 0, pending: 1, unlisted: 1, unlisted_nodes: 'n06' },
  ])
})

it('tells the versions of a model, the odd ones with their nodes, and faults with their bounds', async () => {
  const { models, days, from, to } = await ask()
  expect([days, from, to]).toEqual([4, '2026-11-16T00:00:00.000Z', '2026-11-20T00:00:00.000Z'])
  const [h100] = models
  expect(h100).toMatchObject({ model: 'H100', devices: 5 })
  // A finding that repeats within a day is one; warnings and what came after the last published day are none.
  expect(h100?.rate).toMatchObject({ faults: 2, faulty_devices: 1, device_days: 20 })
  expect(h100?.rate.per_thousand).toBe(100)
  expect(h100?.versions.map(({ name, told, drifted }) => [name, told, drifted])).toEqual([
    ['driver_version', 5, 2],
    ['vbios_version', 1, 0],
  ])
  const [driver] = h100?.versions ?? []
  expect(driver?.values).toMatchObject([
    { value: '570.1', devices: 3, is_majority: true, nodes: '', rate: { faults: 0 } },
    { value: '550.9', devices: 2, is_majority: false, nodes: 'n[04-05]', rate: { faults: 2 } },
  ])
  // Two faults in eight device-days may be chance.
  expect(driver?.values[1]).toMatchObject({ is_worse: false })
  expect(driver?.values[1]?.rate.low).toBeLessThan(100)
})

it('has no rates before a day is published', async () => {
  await engine.store.command('TRUNCATE TABLE revisions')
  const { models, days, from } = await ask()
  expect([days, from, models[0]?.rate.per_thousand]).toEqual([0, null, null])
})
