import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { newBoot, testDevice, until } from '../worker/ingest.testing.ts'
import { askedRepair, type Repair } from './repair.ts'
import { storeRepairs } from './repair-queues.ts'
import { storedSample } from '../store/stored-sample.testing.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

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

const at = (ms: number) => new Date(ms).toISOString()
let asked = 0

/** Two hours of one device at 0.5, of which only the first 30 s of each minute have samples; all settled. */
async function settledHours(rawRetentionMs = 30 * DAY): Promise<Pipeline> {
  const settle = { quietMs: 0, delayMs: 20_000, rawRetentionMs }
  const own = await startPipeline(engine, T0, { settle, shard: { waitMs: 5 } })
  pipeline = own
  const interval = {
    kind: 'capacity',
    device_id: deviceId('uuid:mended'),
    from_at: at(T0),
    to_at: '2100-01-01T00:00:00.000Z',
    reason: 'inventory',
    detail: '',
    version: 1,
  }
  await own.store.insertJson('intervals', [interval], 'capacity')
  await own.restart()
  const boot = newBoot()
  const devices = [testDevice('mended')]
  for (let minute = 0; minute < 120; minute += 1)
    own.send({
      boot,
      seq: minute + 1,
      t0Ms: T0 + minute * MINUTE,
      devices,
      cells: { busy_ratio: [[0.5]] },
    })
  await own.drained()
  await own.settledUntil(T0 + 2 * HOUR + 20_000, T0 + 2 * HOUR)
  return own
}

/** Raw rows of a second half minute that nobody told the settler of. */
const addBehind = (own: Pipeline, minutes: readonly number[]) =>
  own.store.insertJson(
    'samples',
    minutes.flatMap((minute) =>
      [30, 40, 50].map((second) =>
        storedSample({
          device_id: deviceId('uuid:mended'),
          ts: at(T0 + minute * MINUTE + second * 1000),
          step_ms: 10_000,
          busy_ratio: 1,
          busy_source: 1,
          log_position: 1_000 + minute,
        }),
      ),
    ),
    `behind-${minutes.join('-')}`,
  )

async function repair(own: Pipeline, more: Partial<Repair> = {}): Promise<Repair> {
  const window = { from_ms: T0, to_ms: T0 + 2 * HOUR, reason: 'restored from backup' }
  asked += 1
  const id = `r${asked}`
  const queue = storeRepairs(own.store)
  const request = { ...window, dry_run: false, asked_at_ms: own.clock.nowMs, ...more }
  await queue.write(askedRepair(id, request))
  own.clock.nowMs += 5_000
  let found: Repair | null = null
  await until('the repair', async () => {
    found = await queue.read(id)
    return found?.state === 'done' || found?.state === 'failed'
  })
  if (found === null) throw new Error('no such repair')
  return found
}

const published = (own: Pipeline, table: string, resolution: string) =>
  own.store.query(
    `SELECT sum(known_ms) AS known, sum(busy_ms_x1000) AS busy, max(revision) AS latest FROM ${table}
     WHERE (bucket, revision) IN (SELECT bucket, max(revision) FROM revisions WHERE resolution = '${resolution}' GROUP BY bucket)`,
  )
const restatements = (own: Pipeline) =>
  own.store.query(
    `SELECT toUnixTimestamp(bucket) AS s, revision, reason, old_known_ms, new_known_ms, old_busy_ms_x1000, new_busy_ms_x1000
     FROM restatements ORDER BY bucket, revision`,
  )

describe('a repair', () => {
  it('settles what differs as new revisions with restatements, hours follow, and a second one changes nothing', async () => {
    const own = await settledHours()
    const minutesBefore = await published(own, 'ledger_1m', '1m')
    expect(minutesBefore).toEqual([
      { known: String(120 * 30_000), busy: String(120 * 15_000_000), latest: 1 },
    ])
    expect(await repair(own)).toMatchObject({ state: 'done', minutes_changed: 0, differences: [] })

    await addBehind(own, [3, 4, 70])
    const changed = {
      old_known_ms: 30_000,
      new_known_ms: 60_000,
      old_busy_ms_x1000: 15_000_000,
      new_busy_ms_x1000: 45_000_000,
    }
    const differences = [3, 4, 70].map((minute) => ({
      minute_ms: T0 + minute * MINUTE,
      ...changed,
    }))
    const dry = await repair(own, { dry_run: true })
    expect(dry).toMatchObject({ state: 'done', minutes_changed: 3, differences })
    expect(await published(own, 'ledger_1m', '1m')).toEqual(minutesBefore)
    expect(await restatements(own)).toEqual([])

    const done = await repair(own)
    expect(done).toMatchObject({ state: 'done', minutes_changed: 3, differences })
    const minutesAfter = [
      { known: String(120 * 30_000 + 90_000), busy: String(120 * 15_000_000 + 90_000_000) },
    ]
    expect(await published(own, 'ledger_1m', '1m')).toMatchObject(minutesAfter)
    expect(await published(own, 'ledger_1h', '1h')).toMatchObject(minutesAfter)
    const records = [3, 4, 70].map((minute) => ({
      s: (T0 + minute * MINUTE) / 1000,
      revision: 2,
      reason: 'repair: restored from backup',
      old_known_ms: '30000',
      new_known_ms: '60000',
      old_busy_ms_x1000: '15000000',
      new_busy_ms_x1000: '45000000',
    }))
    expect(await restatements(own)).toEqual(records)

    expect(await repair(own)).toMatchObject({ state: 'done', minutes_changed: 0 })
    expect(await restatements(own)).toEqual(records)
  })

  it('follows a capacity interval that was corrected, and finds a change that no sum shows', async () => {
    const own = await settledHours()
    const shorter = {
      kind: 'capacity',
      device_id: deviceId('uuid:mended'),
      from_at: at(T0),
      to_at: at(T0 + 119 * MINUTE),
      reason: 'inventory',
      detail: 'sold',
      version: 2,
    }
    await own.store.insertJson('intervals', [shorter], 'corrected')
    const done = await repair(own)
    expect(done.differences).toEqual([
      {
        minute_ms: T0 + 119 * MINUTE,
        old_known_ms: 30_000,
        new_known_ms: 0,
        old_busy_ms_x1000: 15_000_000,
        new_busy_ms_x1000: 0,
      },
    ])
    expect(await restatements(own)).toMatchObject([{ new_known_ms: '0', revision: 2 }])
    await own.store.command(
      `INSERT INTO devices SELECT * REPLACE ('other' AS pool)
       FROM devices FINAL`,
    )
    const moved = await repair(own, { dry_run: true })
    expect(moved.minutes_changed).toBe(119)
    expect(moved.differences[0]).toMatchObject({ old_known_ms: 30_000, new_known_ms: 30_000 })
  })

  it('looks only at what has raw samples and is settled, and says which part that was', async () => {
    const own = await settledHours(3 * HOUR)
    await own.settledUntil(T0 + 3 * HOUR + 30 * MINUTE, T0 + 3 * HOUR + 29 * MINUTE)
    await addBehind(own, [3, 70])
    const done = await repair(own, { from_ms: T0 - DAY, to_ms: T0 + 60 * DAY })
    // Samples of the three minutes before are needed to settle a minute; the clock went on by seconds.
    expect(done).toMatchObject({
      state: 'done',
      minutes_changed: 1,
      begin_ms: T0 + 34 * MINUTE,
      end_ms: T0 + 3 * HOUR + 29 * MINUTE,
    })
    expect(done.differences[0]?.minute_ms).toBe(T0 + 70 * MINUTE)
  })

  it('that a crash cut short is taken up again by the next process', async () => {
    const own = await settledHours()
    await addBehind(own, [5])
    await own.ingest.stop()
    const queue = storeRepairs(own.store)
    const request = { from_ms: T0, to_ms: T0 + HOUR, reason: '', dry_run: false, asked_at_ms: T0 }
    const begun = { state: 'running' as const, version: 7, minutes_changed: 99 }
    await queue.write({ ...askedRepair('cut', request), ...begun })
    await own.restart()
    own.clock.nowMs += 5_000
    await until('the repair', async () => (await queue.read('cut'))?.state === 'done')
    expect(await queue.read('cut')).toMatchObject({ minutes_changed: 1 })
    expect(await restatements(own)).toMatchObject([{ reason: 'repair', revision: 2 }])
  })
})
