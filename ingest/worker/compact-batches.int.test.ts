import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { startPipeline } from '../pipeline.testing.ts'
import {
  BATCHES_KEPT_MS,
  COMPACT_EVERY_MS,
  compactBatches,
  createBatchCompactor,
} from './compact-batches.ts'
import type { DeliveryState } from './delivery.ts'
import { newBoot, silent, testDevice, until } from './ingest.testing.ts'
import { loadDelivery } from './load.ts'
import { iso, type JsonRow } from './rows.ts'

const NOW = Date.UTC(2026, 4, 20)
const HOUR = 3_600_000

let engine: TestEngine
let token = 0
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(() => engine.stop())
beforeEach(async () => {
  for (const table of ['batches', 'batch_runs', 'batch_minutes'])
    await engine.store.command(`TRUNCATE TABLE ${table}`)
})

const A = { cluster: 'c', collector: 'ka', boot: newBoot() }
const B = { cluster: 'c', collector: 'kb', boot: newBoot() }

/** A row of `batches`: sequences stored some hours ago, samples of the minute before. */
const row = (sender: typeof A, from: number, to: number, hoursAgo: number): JsonRow => ({
  ...sender,
  first_seq: from,
  last_seq: to,
  shard: 0,
  epoch: 'e',
  first_position: from,
  last_position: to,
  min_ts: iso(NOW - hoursAgo * HOUR - 60_000),
  max_ts: iso(NOW - hoursAgo * HOUR - 50_000),
  row_count: 1,
  lost: 0,
  inserted_at: iso(NOW - hoursAgo * HOUR),
})
const store = (...rows: readonly JsonRow[]) =>
  engine.store.insertJson('batches', rows, `rows-${(token += 1)}`)
const load = () => loadDelivery(engine.store, NOW - 30 * 86_400_000)
const compact = async (delivery: DeliveryState, nowMs = NOW) => {
  await compactBatches({ store: engine.store, shard: 0, delivery, clock: () => nowMs, log: silent })
  await removalsDone()
}
const number = async (sql: string) => {
  const [found] = await engine.store.query(`SELECT toUInt32((SELECT ${sql})) AS n`)
  return typeof found === 'object' && found !== null && 'n' in found ? found.n : null
}
const removalsDone = () =>
  until(
    'removals',
    async () => (await number('count() FROM system.mutations WHERE NOT is_done')) === 0,
  )
/** Which of 1..30 are known of a boot: s stored, l given up, - neither. */
const known = (delivery: DeliveryState, sender: typeof A) =>
  Array.from({ length: 30 }, (_, index) => {
    const isStored = delivery.isStored(sender, index + 1)
    const runs = delivery.runsOf(sender)
    const isLost = runs?.lost.some(({ from, to }) => from <= index + 1 && index + 1 <= to)
    return isStored ? 's' : isLost === true ? 'l' : '-'
  }).join('')

async function filled(): Promise<void> {
  const lost = { ...row(A, 11, 12, 5), lost: 1, row_count: 0 }
  await store(row(A, 1, 6, 9), row(A, 7, 10, 5), lost, row(A, 15, 20, 4), row(A, 21, 22, 0.5))
  await store(row(B, 1, 4, 8), row(B, 5, 5, 1))
}
const ALL_OF_A = 'ssssssssssll--ssssssss--------'
const ALL_OF_B = 'sssss-------------------------'

describe('compacting', () => {
  it('removes old rows and still knows every sequence, stored or given up', async () => {
    await filled()
    await compact(await load())
    expect(await number('count() FROM batches')).toBe(2)
    const after = await load()
    expect(known(after, A)).toBe(ALL_OF_A)
    expect(known(after, B)).toBe(ALL_OF_B)
    expect(
      after
        .marksToTell(NOW)
        .map(({ seq }) => seq)
        .toSorted((a, b) => a - b),
    ).toEqual([5, 12])
  })

  it('ended at any of its statements leaves every sequence known', async () => {
    await filled()
    for (let last = 0; last < 6; last += 1) {
      let calls = 0
      const dying = <T>(call: () => Promise<T>): Promise<T> => {
        calls += 1
        return calls > last ? Promise.reject(new Error('killed')) : call()
      }
      const { store: real } = engine
      const mortal = {
        query: (...args: Parameters<typeof real.query>) => dying(() => real.query(...args)),
        command: (...args: Parameters<typeof real.command>) => dying(() => real.command(...args)),
        insertJson: (...args: Parameters<typeof real.insertJson>) =>
          dying(() => real.insertJson(...args)),
      }
      const parts = { shard: 0, delivery: await load(), clock: () => NOW + last, log: silent }
      await compactBatches({ ...parts, store: mortal }).catch(() => undefined)
      await removalsDone()
      const after = await load()
      expect(known(after, A), `after ${last} statements`).toBe(ALL_OF_A)
      expect(known(after, B), `after ${last} statements`).toBe(ALL_OF_B)
    }
    expect(await number('count() FROM batches')).toBe(2)
  })

  it('does not run for weeks: everything is loaded from the rows, and one run catches up', async () => {
    const rows = Array.from({ length: 20 * 24 }, (_, hour) =>
      row(A, hour + 1, hour + 1, 481 - hour),
    )
    await store(...rows)
    const delivery = await load()
    expect(delivery.runsOf(A)?.stored).toEqual([{ from: 1, to: 480 }])
    await compact(delivery)
    expect(await number('count() FROM batches')).toBeLessThan(5)
    expect((await load()).runsOf(A)?.stored).toEqual([{ from: 1, to: 480 }])
  })

  it('never shrinks what is known, also when an older process writes last', async () => {
    await store(row(A, 1, 6, 9))
    const older = await load()
    await store(row(A, 7, 10, 5))
    await compact(await load())
    await compact(older, NOW + 60_000)
    expect(known(await load(), A)).toBe(`${'s'.repeat(10)}${'-'.repeat(20)}`)
  })

  it('leaves rows whose boot is not in its knowledge, whatever their age', async () => {
    await store(row(A, 1, 6, 9), row(A, 7, 7, 0))
    const delivery = await load()
    await store(row(B, 1, 4, 9))
    await compact(delivery)
    expect(await number("count() FROM batches WHERE collector = 'kb'")).toBe(1)
    expect(known(await load(), B)).toBe(`ssss${'-'.repeat(26)}`)
  })

  it('leaves the rows of the newest insert, however old: they tell that it landed', async () => {
    await store(row(A, 1, 6, 90), row(A, 7, 8, 80))
    await compact(await load())
    expect(await number('count() FROM batches')).toBe(1)
    expect(await number('max(last_position) FROM batches')).toBe(8)
  })

  it('joins what a hole divided once the hole is filled', async () => {
    await store(row(A, 1, 6, 9), row(A, 9, 12, 8), row(A, 30, 30, 0))
    await compact(await load())
    await store(row(A, 7, 8, 4))
    await compact(await load(), NOW + 1)
    const after = await load()
    expect(after.runsOf(A)?.stored).toEqual([
      { from: 1, to: 12 },
      { from: 30, to: 30 },
    ])
  })

  it('a boot of long ago whose rows are gone is not written again and again', async () => {
    await store(row(A, 1, 6, 9), row(B, 1, 1, 0))
    await compact(await load())
    const next = await load()
    expect(next.runsToWrite().map(({ sender }) => sender.collector)).toEqual(['kb'])
    await compact(next, NOW + BATCHES_KEPT_MS + 2)
    await store(row(B, 2, 2, -9))
    next.markStored(B, { from: 2, to: 2 })
    await compact(next, NOW + 10 * HOUR)
    expect(next.runsToWrite().map(({ sender }) => sender.collector)).toEqual(['kb'])
  })

  it('runs soon after a start and then every hour', async () => {
    let nowMs = NOW
    const delivery = await load()
    let written = 0
    const counting = { ...delivery, runsToWrite: () => ((written += 1), delivery.runsToWrite()) }
    const parts = { store: engine.store, shard: 0, delivery: counting, clock: () => nowMs }
    const compactor = createBatchCompactor({ ...parts, log: silent })
    await compactor.step()
    expect(written).toBe(0)
    nowMs += 300_000
    await compactor.step()
    await compactor.step()
    expect(written).toBe(1)
    nowMs += COMPACT_EVERY_MS
    await compactor.step()
    expect(written).toBe(2)
  })
})

it('late rows are found by the next process when their row of `batches` is gone', async () => {
  const late = { ...row(A, 1, 6, 9), min_ts: iso(NOW - 12 * HOUR), max_ts: iso(NOW - 11 * HOUR) }
  await store(late, row(A, 7, 7, 0))
  const load_late = await readFile(new URL('../settle/load-late.sql', import.meta.url), 'utf8')
  const found = () =>
    engine.store.query(load_late, { from_ms: NOW - 86_400_000, delay_ms: 120_000 })
  const before = await found()
  expect(before).toHaveLength(1)
  await compact(await load())
  expect(await number('count() FROM batches')).toBe(1)
  expect(await found()).toEqual(before)
})

it('ingest compacts by itself, and after a restart what comes again is still a duplicate', async () => {
  const start = Date.UTC(2026, 4, 1, 10)
  const own = await startPipeline(engine, start, { settles: false, shard: { waitMs: 5 } })
  const boot = newBoot()
  const send = (seq: number) =>
    own.send({
      boot,
      seq,
      t0Ms: start + seq * HOUR,
      devices: [testDevice('again')],
      cells: { busy_ratio: [[0.5]] },
    })
  const rows = async (table: string) => {
    const [found] = await own.store.query(`SELECT toUInt32(count()) AS n FROM ${table}`)
    return typeof found === 'object' && found !== null && 'n' in found ? found.n : null
  }
  for (const seq of [1, 2, 3, 4]) {
    own.clock.nowMs = start + seq * HOUR
    send(seq)
    await own.drained()
  }
  own.clock.nowMs += 2 * HOUR
  await until('old rows to go', async () => (await rows('batches')) === 3)
  await own.restart()
  for (const seq of [1, 2, 3, 4]) send(seq)
  await own.drained()
  expect(await rows('samples')).toBe(4)
  expect(own.ingest.shardStatus()[0]?.duplicates).toBe(4)
  expect(own.handle.heard.watermarks.at(-1)?.watermark.seq).toBe(4)
  await own.stop()
}, 60_000)
