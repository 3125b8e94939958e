import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { type Pipeline, startPipeline } from '../pipeline.testing.ts'
import { newBoot, testDevice, until } from '../worker/ingest.testing.ts'
import { inventory, memoryJournal, states } from './mirror.testing.ts'

vi.setConfig({ testTimeout: 60_000 })

const T0 = Date.UTC(2026, 4, 1, 8)
const MINUTE = 60_000
const OPTIONS = { settle: { quietMs: 0, delayMs: 20_000 }, shard: { waitMs: 5 } }

let engine: TestEngine
let pipeline: Pipeline | null = null
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
afterEach(async () => {
  await pipeline?.stop()
  pipeline = null
})

const sums = async (own: Pipeline) => {
  const [row] = await own.store.query(
    `SELECT toUInt32(sum(capacity_ms) / 1000) AS capacity_s, toUInt32(sum(known_ms) / 1000) AS known_s
     FROM ledger_1m WHERE (bucket, revision) IN
       (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)`,
  )
  return row
}
const capacity = (own: Pipeline) =>
  own.store.query(
    `SELECT device_id, intDiv(toUnixTimestamp64Milli(from_at) - ${T0}, ${MINUTE}) AS minute, reason
     FROM intervals FINAL WHERE kind = 'capacity' AND to_at > from_at`,
  )
const send = (own: Pipeline, boot: string) =>
  own.send({
    boot,
    seq: 1,
    t0Ms: T0,
    stepMs: 30_000,
    devices: [testDevice('p')],
    cells: { busy_ratio: Array.from({ length: 60 }, () => [0.5]) },
  })

it('a listed device is in capacity from its accepted date under the id it reports with later', async () => {
  const journal = memoryJournal()
  await journal.say(T0, inventory([{ key: 'uuid:p', accepted_ms: T0 + 10 * MINUTE }]))
  const own = (pipeline = await startPipeline(engine, T0 + MINUTE, OPTIONS, journal))
  await until('the inventory to be mirrored', async () => (await capacity(own)).length === 1)
  send(own, newBoot())
  await own.drained()
  await own.settledUntil(T0 + 30 * MINUTE, T0 + 29 * MINUTE)
  expect(await capacity(own)).toEqual([
    { device_id: String(deviceId('uuid:p')), minute: '10', reason: 'inventory' },
  ])
  expect(await sums(own)).toEqual({ capacity_s: 19 * 60, known_s: 19 * 60 })
})

it('a discovered device that is listed later keeps its time, and an earlier accepted date adds to it', async () => {
  const journal = memoryJournal()
  const own = (pipeline = await startPipeline(engine, T0 + MINUTE, OPTIONS, journal))
  send(own, newBoot())
  await own.drained()
  await own.settledUntil(T0 + 30 * MINUTE, T0 + 29 * MINUTE)
  expect(await sums(own)).toEqual({ capacity_s: 29 * 60, known_s: 29 * 60 })
  await journal.say(T0 + 30 * MINUTE, inventory([{ key: 'uuid:p', accepted_ms: T0 - 5 * MINUTE }]))
  await until('the inventory to be mirrored', async () => {
    const [row] = await capacity(own)
    return row !== undefined && JSON.stringify(row).includes('inventory')
  })
  await own.settledUntil(T0 + 31 * MINUTE, T0 + 30 * MINUTE)
  await until('the minutes before to be settled', async () => {
    own.clock.nowMs += 11_000
    const row = await sums(own)
    return JSON.stringify(row).includes('"known_s":1800') && (await capacity(own)).length === 1
  })
  await journal.say(T0 + 33 * MINUTE, states({ key: 'uuid:p', from_ms: T0, reason: 'rma' }))
  await until('the state to be mirrored', async () => {
    const found = await own.store.query("SELECT 1 FROM intervals WHERE kind = 'drained'")
    return found.length === 1
  })
})
