import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WallLayout } from '#schemas/api-wall.ts'
import { LEDGER_STATES } from '#schemas/ledger.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { decodeWall, decodeWallIds, wallValue, type WallMessage } from '#schemas/wall.ts'
import { startTestEngine, type TestEngine } from '../../ingest/engine/engine.testing.ts'
import { fleetDeps } from '../fleet.ts'
import { publish, seedDevices, seedInventory, seedSamples } from '../seed.testing.ts'
import { createWall, WALL_LIMITS, type WallService } from './service.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTE = 60_000

let engine: TestEngine
let nowMs = T0 + 5_000
let wall: WallService

const place = (rack: string, node: string) => ({ hall: 'h1', rack, node })

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  const device = (id: number, rack: string, node: string, index: number) => ({
    id,
    index,
    dims: place(rack, node),
    sinceMs: T0 - 3_600_000,
  })
  await seedInventory(store, [
    device(1, 'a-r10', 'n10', 1),
    device(2, 'a-r10', 'n10', 0),
    device(3, 'a-r2', 'n2', 4),
    device(4, 'b-r1', 'n3', 0),
    { ...device(9, 'a-r2', 'n2', 7), acceptedMs: null },
  ])
  await seedSamples(store, [
    {
      tsMs: T0 - 10_000,
      id: 1,
      busy_ratio: 0.8,
      sm_active_ratio: 0.4,
      power_watts: 350,
      temperature_celsius: 60,
    },
    // Cut for heat; says its own cap and margin.
    {
      tsMs: T0,
      id: 2,
      busy_ratio: 0.9,
      sm_clock_hertz: 1e9,
      sm_clock_max_hertz: 2e9,
      clock_event_reasons: 0x20,
      power_watts: 350,
      power_limit_watts: 500,
      temperature_margin_celsius: -2,
    },
    { tsMs: T0, id: 3, busy_ratio: 0.01 },
  ])
  const minutes = [T0 - 2 * MINUTE, T0 - MINUTE]
  await seedDevices(store, [
    ...minutes.map((bucketMs) => ({
      bucketMs,
      deviceId: 3,
      busy: 0.01,
      states: { idle_held_ms: 60_000 },
    })),
    { bucketMs: minutes[0] ?? 0, deviceId: 1, busy: 0.25, knownMs: 30_000 },
    // Superseded, and of a device that is gone.
    {
      bucketMs: minutes[0] ?? 0,
      deviceId: 1,
      busy: 0.75,
      revision: 2,
      states: { failed_ms: 60_000 },
    },
    { bucketMs: minutes[0] ?? 0, deviceId: 77, revision: 2, busy: 0.5 },
  ])
  await publish(store, [minutes[0] ?? 0], { revision: 2 })
  await publish(store, minutes)
  const models = modelCatalogue([
    {
      names: ['H100'],
      vendor: 'nvidia',
      power_cap_watts: { value: 700, confidence: 'published', source: 'test' },
      temperature_slowdown_celsius: { value: 87, confidence: 'published', source: 'test' },
    },
  ])
  const clock = () => nowMs
  const input = { reader: engine.reader, clock, timeZone: 'UTC', simulated: true }
  const documents = async () => ({ prices: null })
  wall = createWall({ ...fleetDeps(input), models, documents }, () => 0)
}, 120_000)
afterAll(() => engine.stop())

const buffer = (bytes: Uint8Array) => new Uint8Array(bytes).buffer
const stateAt = (message: WallMessage, at: number) => LEDGER_STATES[message.data.state[at] ?? 9]

test('the layout is in the order of halls, rows, racks, nodes and slots; outside the ledger there is no place', async () => {
  const { packed, stamp } = await wall.layout()
  const layout = WallLayout.parse(JSON.parse(gunzipSync(packed.gzipped).toString()))
  expect(layout).toMatchObject({ stamp, devices: 4, settled_from: '2026-05-04T07:58:00.000Z' })
  expect(layout.halls).toEqual([
    {
      cluster: 'east',
      hall: 'h1',
      rows: [
        {
          row: 'a-r',
          racks: [
            { rack: 'a-r2', nodes: ['n2'], devices: [1], kinds: [0], slots: [[4]] },
            { rack: 'a-r10', nodes: ['n10'], devices: [2], kinds: [0] },
          ],
        },
        { row: 'b-r', racks: [{ rack: 'b-r1', nodes: ['n3'], devices: [1], kinds: [0] }] },
      ],
    },
  ])
  expect(layout.kinds).toEqual([
    {
      vendor: 'nvidia',
      model: 'H100',
      pool: 'main',
      power_cap_watts: 700,
      usd_per_hour: 2,
      price_is_assumed: true,
    },
  ])
  const ids = decodeWallIds(buffer((await wall.ids()).packed.plain))
  expect(ids).toEqual({ layoutStamp: stamp, ids: BigUint64Array.of(3n, 2n, 1n, 4n) })
})

test('now: states, margin by the device or its model, power by its own cap, and silence is unknown', async () => {
  const message = decodeWall(buffer((await wall.now(null)).plain))
  expect(message).toMatchObject({ kind: 'full', source: 'live', settledAtMs: T0 - MINUTE })
  // Quiet for long enough, as the newest settled minute found.
  expect(stateAt(message, 0)).toBe('idle_held')
  expect(stateAt(message, 1)).toBe('throttled')
  expect(stateAt(message, 2)).toBe('productive')
  expect(stateAt(message, 3)).toBe('unknown')
  const read = (column: Parameters<typeof wallValue>[0], at: number) =>
    wallValue(column, message.data[column][at] ?? 255, 'live')
  expect([read('margin', 1), read('margin', 2), read('margin', 3)]).toEqual([-2, 27, null])
  expect([read('power', 1), read('power', 2)]).toEqual([0.7, 0.5])
  expect([read('busy', 2), read('active', 2), read('busy', 3)]).toEqual([0.8, 0.4, null])
  expect([read('coverage', 1), read('coverage', 2)]).toEqual([0, 10])
})

test('only what changed is told again, to whoever has one of the last snapshots', async () => {
  const before = decodeWall(buffer((await wall.now(null)).plain))
  expect(decodeWall(buffer((await wall.now(null)).plain)).stamp).toBe(before.stamp)
  await seedSamples(engine.store, [{ tsMs: T0 + 6_000, id: 4, busy_ratio: 1 }])
  nowMs += WALL_LIMITS.tickMs
  const delta = decodeWall(buffer((await wall.now(before.stamp)).plain))
  expect(delta.stamp).toBeGreaterThan(before.stamp)
  expect(delta).toMatchObject({ kind: 'delta', indexes: Uint32Array.of(3) })
  expect(stateAt(delta, 0)).toBe('productive')
  nowMs += WALL_LIMITS.tickMs
  expect(decodeWall(buffer((await wall.now(12_345)).plain)).kind).toBe('full')
})

test('rewind: the newest revision of a settled minute, and a minute that is not settled is refused', async () => {
  const message = decodeWall(buffer((await wall.minute(T0 - 2 * MINUTE + 30_000)).plain))
  expect(message).toMatchObject({
    source: 'settled',
    atMs: T0 - 2 * MINUTE,
    elsewhere: 1,
    kind: 'full',
  })
  expect(stateAt(message, 2)).toBe('failed')
  expect(wallValue('busy', message.data.busy[2] ?? 255, 'settled')).toBeCloseTo(0.75, 2)
  // Not in that revision: not counted then.
  expect(message.data.state[0]).toBe(255)
  await expect(wall.minute(T0)).rejects.toThrow('is not settled: what is settled reaches from')
})
