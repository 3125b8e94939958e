import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { newBoot, testDevice } from './ingest.testing.ts'

const T0 = Date.UTC(2026, 4, 1, 23, 59, 40)

let engine: TestEngine
let pipeline: Pipeline
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
afterEach(() => pipeline.stop())

const boot = newBoot()
const devices = [testDevice('d1'), testDevice('d2')]
const batch = (seq: number) => ({
  boot,
  seq,
  t0Ms: T0 + seq * 10_000,
  devices,
  cells: { busy_ratio: [[0.5, 0.25]] },
})

const counts = () =>
  pipeline.store.query(
    `SELECT (SELECT toUInt32(count()) FROM samples) AS samples,
       (SELECT toUInt32(sum(last_seq - first_seq + 1)) FROM batches WHERE lost = 0) AS batches,
       (SELECT toUInt32(sum(row_count)) FROM batches) AS promised`,
  )

/** The log was wiped; collectors send again what they were never told is stored, in any order. */
async function wipedAndSentAgain(seqs: readonly number[]): Promise<void> {
  pipeline.handle.log.life = 'life-2'
  pipeline.handle.log.messages.length = 0
  await pipeline.restart()
  pipeline.send(...seqs.map(batch))
  await pipeline.drained()
}

describe('an insert that dies between samples and batches, whose log is wiped before it can be repeated', () => {
  it('is ended by its note: what comes again is known, over midnight too', async () => {
    pipeline = await startPipeline(engine, T0)
    pipeline.send(batch(1), batch(2), batch(3))
    await pipeline.drained()
    await pipeline.store.command('TRUNCATE TABLE batches')
    await wipedAndSentAgain([3, 1, 4, 2])
    expect(await counts()).toEqual([{ samples: 8, batches: 4, promised: 8 }])
  })

  it('is repeated from the log when only the piece of one day was stored', async () => {
    pipeline = await startPipeline(engine, T0)
    const later = Array.from({ length: 100 }, (_, index) => batch(index + 2))
    // The one batch of the day before is in the middle of the insert.
    pipeline.send(...later.slice(0, 49), batch(1), ...later.slice(49))
    await pipeline.drained()
    await pipeline.store.command("ALTER TABLE samples DROP PARTITION '20260501'")
    await pipeline.store.command('TRUNCATE TABLE batches')
    await pipeline.restart()
    pipeline.send(batch(102))
    await pipeline.drained()
    expect(await counts()).toEqual([{ samples: 204, batches: 102, promised: 204 }])
  })

  it('is found where the days it reaches over are too many to be read', async () => {
    pipeline = await startPipeline(engine, T0)
    pipeline.send(batch(1), batch(100_000))
    await pipeline.drained()
    const [note] = await pipeline.store.query('SELECT body FROM insert_notes')
    const { probes } = JSON.parse(String(Object(note).body))
    const [devices, times, positions] = [0, 1, 2].map((at) =>
      probes.map((probe: readonly unknown[]) => probe[at]),
    )
    await pipeline.store.command(
      `INSERT INTO samples (ts, device_id, step_ms, log_position)
       SELECT toDateTime64('2026-05-02 01:00:00', 3, 'UTC') + number / 10, number, 1000, 7 FROM numbers(500000)`,
    )
    const sql = await readFile(new URL('./stored-probes.sql', import.meta.url), 'utf8')
    expect(
      await pipeline.store.query(sql, { devices, times, positions }, { maxRowsToRead: 100_000 }),
    ).toEqual([{ n: '4' }])
  })

  it('is forgotten when its samples were not stored: they are taken when they come again', async () => {
    pipeline = await startPipeline(engine, T0)
    pipeline.send(batch(1), batch(2))
    await pipeline.drained()
    await pipeline.store.command('TRUNCATE TABLE samples')
    await pipeline.store.command('TRUNCATE TABLE batches')
    await wipedAndSentAgain([2, 1])
    expect(await counts()).toEqual([{ samples: 4, batches: 2, promised: 4 }])
    // Its samples now lie where the note says by accident: it must not be ended a second time.
    await pipeline.restart()
    expect(await counts()).toEqual([{ samples: 4, batches: 2, promised: 4 }])
  })
})
