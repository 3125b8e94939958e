import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { memoryLease } from '../bus/lease.testing.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { createIngest, type Ingest } from '../ingest.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import {
  asMessage,
  type BatchSpec,
  memoryHandle,
  newBoot,
  silent,
  testBatch,
  testDevice,
  until,
} from '../worker/ingest.testing.ts'

/** Two ingest processes on one store, each with a shard of its own; the first to start settles. */

const MINUTE = 60_000
const T0 = Date.UTC(2026, 4, 4, 10)
let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())

interface Site {
  readonly store: Store
  readonly clock: { nowMs: number }
  readonly lease: ReturnType<typeof memoryLease>
  readonly processes: Ingest[]
  /** Starts the process of a shard and waits until it settles or knows that it does not. */
  start(shard: number): Promise<Ingest>
  send(shard: number, ...batches: readonly BatchSpec[]): void
  drained(): Promise<void>
}
const sites: Site[] = []
afterEach(async () => {
  for (const { processes, store } of sites.splice(0)) {
    for (const one of processes) await one.stop()
    await store.close()
  }
})

async function startSite(nowMs: number): Promise<Site> {
  const store = await freshStore(engine)
  const lease = memoryLease()
  const clock = { nowMs }
  const handles = [memoryHandle(0), memoryHandle(1)]
  const processes: Ingest[] = []
  const site: Site = {
    store,
    clock,
    lease,
    processes,
    async start(shard) {
      const ingest = createIngest({
        store,
        shards: handles.slice(shard, shard + 1),
        log: silent,
        peers: { settling: lease.open(), isAlone: false },
        clock: () => clock.nowMs,
        sleep: (_, signal) =>
          new Promise((resolve, reject) => {
            if (signal.aborted) reject(new Error('stopped'))
            else setTimeout(resolve, 20)
          }),
        options: { settle: { quietMs: 0, delayMs: 20_000 }, shard: { waitMs: 5 } },
      })
      processes.push(ingest)
      await ingest.start()
      return ingest
    },
    send(shard, ...batches) {
      for (const spec of batches) handles[shard]?.log.add(asMessage(testBatch(spec)))
    },
    drained: () =>
      until('the logs to be read', () =>
        processes.every((one) =>
          one.shardStatus().every(({ storedPosition }, index) => {
            const last = handles[processes.indexOf(one) + index]?.log.messages.length ?? 0
            return (storedPosition ?? 0) >= last
          }),
        ),
      ),
  }
  sites.push(site)
  return site
}

const settles = (one: Ingest) => one.status().settled_until_ms !== null

/** `ticks` samples of a device, every 10 s from `fromMs` on. */
const samples = (
  name: string,
  { boot, seq, fromMs, ticks }: { boot: string; seq: number; fromMs: number; ticks: number },
): BatchSpec => ({
  collector: `k-${name}`,
  boot,
  seq,
  t0Ms: fromMs,
  devices: [testDevice(name, { node: `n-${name}` })],
  cells: { busy_ratio: Array.from({ length: ticks }, () => [0.5]) },
})

async function knownMs(store: Store): Promise<number> {
  const [row] = await store.query(
    `SELECT toUInt32(sum(known_ms)) AS n FROM ledger_1m_group WHERE (bucket, revision) IN
     (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)`,
  )
  return Number(Object(row).n)
}

const rowsOf = async (store: Store, sql: string) => store.query(sql)

describe('of two processes one settles', () => {
  it('what both store, and again what the other one stored late', async () => {
    const site = await startSite(T0 + 17 * MINUTE)
    const { store, clock } = site
    const first = await site.start(0)
    const second = await site.start(1)
    const [a, b] = [newBoot(), newBoot()]
    site.send(0, samples('a', { boot: a, seq: 1, fromMs: T0, ticks: 90 }))
    site.send(1, samples('b', { boot: b, seq: 1, fromMs: T0, ticks: 60 }))
    site.send(1, samples('b', { boot: b, seq: 3, fromMs: T0 + 12 * MINUTE, ticks: 18 }))
    await site.drained()
    // 90 cells, and 60 + 18 with a hole of two minutes of which two cells are bridged; ends are bridged, too.
    await until('both to be settled', async () => (await knownMs(store)) === 92e4 + 62e4 + 20e4)
    expect([settles(first), settles(second)].filter(Boolean)).toHaveLength(1)
    clock.nowMs += 30_000
    site.send(1, samples('b', { boot: b, seq: 2, fromMs: T0 + 10 * MINUTE, ticks: 12 }))
    await until('the late rows to be settled', async () => (await knownMs(store)) === 2 * 92e4)
    const [late] = await rowsOf(
      store,
      "SELECT toUInt32(uniqExact(bucket)) AS minutes FROM restatements WHERE reason = 'late rows'",
    )
    expect(Number(Object(late).minutes)).toBeGreaterThanOrEqual(2)
    const before = await rowsOf(store, 'SELECT toUInt32(count()) AS n FROM restatements')
    clock.nowMs += 30_000
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await rowsOf(store, 'SELECT toUInt32(count()) AS n FROM restatements')).toEqual(before)
  }, 40_000)

  it('the other one takes over when the first is silent, above every revision it may have begun', async () => {
    const site = await startSite(T0 + 17 * MINUTE)
    const { store, clock, lease } = site
    const first = await site.start(0)
    await until('a settler', () => first.health().state === 'ok')
    const a = newBoot()
    site.send(0, samples('a', { boot: a, seq: 1, fromMs: T0, ticks: 90 }))
    await until('it to be settled', async () => (await knownMs(store)) === 92e4)
    const second = await site.start(1)
    expect(settles(second)).toBe(false)
    await first.stop()
    lease.steal()
    clock.nowMs += 2 * MINUTE
    site.send(1, samples('b', { boot: newBoot(), seq: 1, fromMs: T0 + 3 * MINUTE, ticks: 72 }))
    await until('the second to settle both', async () => (await knownMs(store)) === 92e4 + 74e4)
    const doubled = await rowsOf(
      store,
      `SELECT bucket FROM ledger_1m WHERE capacity_ms > 0 GROUP BY bucket, device_id, revision HAVING count() > 1`,
    )
    expect(doubled).toEqual([])
  }, 40_000)
})

describe('a device that two shards meet', () => {
  it('has one name, one capacity, and ends there when its slot gets another card elsewhere', async () => {
    const site = await startSite(T0 + 13 * MINUTE)
    const { store, clock } = site
    await site.start(0)
    await site.start(1)
    const slot = { node: 'n-x', bus: '00000000:17:00.0' }
    const old = testDevice('old', { ...slot, keys: ['uuid:old', 'slot:n-x/00000000:17:00.0/0'] })
    const [a, b] = [newBoot(), newBoot()]
    const cells = { busy_ratio: Array.from({ length: 66 }, () => [0.5]) }
    site.send(0, { collector: 'k-a', boot: a, seq: 1, t0Ms: T0, devices: [old], cells })
    await until('the device to enter capacity', async () => {
      const found = await rowsOf(store, 'SELECT device_id FROM intervals')
      return found.length === 1
    })
    // Another collector, in the other shard, reads the same slot: first the card that is there…
    const bySlot = testDevice('old', { ...slot, keys: ['slot:n-x/00000000:17:00.0/0'] })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const at = T0 + 11 * MINUTE
    const two = { busy_ratio: [[0.5], [0.5]] }
    site.send(1, { collector: 'k-b', boot: b, seq: 1, t0Ms: at, devices: [bySlot], cells: two })
    await site.drained()
    expect(
      await rowsOf(store, 'SELECT toUInt32(uniqExact(device_id)) AS devices FROM samples'),
    ).toEqual([{ devices: 1 }])
    // …then another one.
    const fresh = testDevice('new', { ...slot, keys: ['uuid:new', 'slot:n-x/00000000:17:00.0/0'] })
    const afterMs = T0 + 12 * MINUTE
    clock.nowMs += MINUTE
    site.send(1, { collector: 'k-b', boot: b, seq: 2, t0Ms: afterMs, devices: [fresh], cells: two })
    await until('the capacity of the old one to end', async () => {
      const found = await rowsOf(
        store,
        'SELECT toUnixTimestamp64Milli(to_at) AS to_ms FROM intervals FINAL',
      )
      return found.length === 1 && Number(Object(found[0]).to_ms) === afterMs
    })
    await site.drained()
    expect(
      await rowsOf(store, 'SELECT toUInt32(uniqExact(device_id)) AS devices FROM samples'),
    ).toEqual([{ devices: 2 }])
  }, 40_000)
})
