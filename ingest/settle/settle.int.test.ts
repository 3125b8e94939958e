import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { deviceId } from '../identity/device-id.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { newBoot, testDevice, until, type Cells } from '../worker/ingest.testing.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { storedSample } from '../store/stored-sample.testing.ts'

const T0 = Date.UTC(2026, 4, 1, 10, 0)
const MINUTE = 60_000

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

const start = async (nowMs = T0) => {
  pipeline = await startPipeline(engine, nowMs)
  return pipeline
}

/** Puts devices into capacity from a moment on, as an inventory would, before ingest starts. */
async function accept(own: Pipeline, keys: readonly string[], fromMs: number): Promise<void> {
  const rows = keys.map((key) => ({
    kind: 'capacity',
    device_id: deviceId(key),
    from_at: new Date(fromMs).toISOString(),
    to_at: '2100-01-01T00:00:00.000Z',
    reason: 'inventory',
    detail: '',
    version: 1,
  }))
  await own.store.insertJson('intervals', rows, `accept:${keys[0]}:${keys.length}`)
  await own.restart()
}

const PUBLISHED = `
  SELECT
    count() AS devices, sum(capacity_ms) AS capacity, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy,
    max(ledger_1m.revision) AS latest
  FROM ledger_1m
  WHERE bucket = fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    AND (bucket, revision) IN (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)`

const minute = async (own: Pipeline, atMs: number) =>
  (await own.store.query(PUBLISHED, { at: atMs }))[0]

/** One row of ticks per device, transposed to [tick][device]. */
const cells = (...devices: (number | null | undefined)[][]): Cells => ({
  busy_ratio: (devices[0] ?? []).map((_, tick) => devices.map((ticks) => ticks[tick])),
})
const repeat = <T>(value: T, times: number): T[] => Array.from({ length: times }, () => value)

describe('a settled minute', () => {
  it('weights by device time: 100 at 0.90 and 900 at 0.50 are 0.54 exactly', async () => {
    const own = await start()
    const names = Array.from({ length: 1000 }, (_, index) => `vector-${index}`)
    await accept(
      own,
      names.map((name) => `uuid:${name}`),
      T0,
    )
    own.send({
      boot: newBoot(),
      seq: 1,
      t0Ms: T0,
      devices: names.map((name) => testDevice(name)),
      cells: cells(...names.map((_, index) => repeat(index < 100 ? 0.9 : 0.5, 6))),
    })
    await own.drained()
    await own.settledUntil(T0 + MINUTE + 20_000, T0 + MINUTE)
    expect(await minute(own, T0)).toEqual({
      devices: '1000',
      capacity: String(1000 * MINUTE),
      known: String(1000 * MINUTE),
      busy: String(0.54 * 1000 * MINUTE * 1000),
      latest: 1,
    })
    const groups = await own.store.query(
      'SELECT sum(devices) AS devices, sum(busy_ms_x1000) AS busy, sum(known_ms) AS known FROM ledger_1m_group',
    )
    expect(groups).toEqual([
      { devices: '1000', busy: String(0.54 * 1000 * MINUTE * 1000), known: String(1000 * MINUTE) },
    ])
  })

  it('bridges two empty cells, then the device is unknown; a null reading is unknown at once', async () => {
    const own = await start()
    await accept(own, ['uuid:bridged', 'uuid:blank'], T0)
    const gone = undefined
    own.send({
      boot: newBoot(),
      seq: 1,
      t0Ms: T0,
      devices: [testDevice('bridged'), testDevice('blank')],
      cells: cells([0.5, gone, gone, gone, gone, gone], [0.5, null, 0.5, 0.5, 0.5, 0.5]),
    })
    await own.drained()
    await own.settledUntil(T0 + MINUTE + 20_000, T0 + MINUTE)
    expect(await minute(own, T0)).toMatchObject({
      capacity: String(2 * MINUTE),
      known: String(30_000 + 50_000),
      busy: String((15_000 + 25_000) * 1000),
    })
  })

  it('takes the first of two samples in one cell, and does not double a device of two collectors', async () => {
    const own = await start()
    await accept(own, ['uuid:twice'], T0)
    const devices = [testDevice('twice')]
    own.send(
      {
        collector: 'k1',
        boot: newBoot(),
        seq: 1,
        t0Ms: T0,
        devices,
        cells: cells(repeat(0.25, 6)),
      },
      {
        collector: 'k2',
        boot: newBoot(),
        seq: 1,
        t0Ms: T0,
        devices,
        cells: cells(repeat(0.75, 6)),
      },
    )
    await own.drained()
    await own.settledUntil(T0 + MINUTE + 20_000, T0 + MINUTE)
    expect(await minute(own, T0)).toMatchObject({
      devices: '1',
      known: String(MINUTE),
      busy: String(0.25 * MINUTE * 1000),
    })
  })

  it('settles again when late rows come, and leaves a restatement with old and new', async () => {
    const own = await start()
    await accept(own, ['uuid:late'], T0)
    const boot = newBoot()
    const devices = [testDevice('late')]
    own.send({ boot, seq: 1, t0Ms: T0, devices, cells: cells([0.5]) })
    await own.drained()
    await own.settledUntil(T0 + MINUTE + 20_000, T0 + MINUTE)
    expect(await minute(own, T0)).toMatchObject({ known: '30000', latest: 1 })
    own.clock.nowMs = T0 + 5 * MINUTE
    own.send({ boot, seq: 2, t0Ms: T0 + 10_000, devices, cells: cells(repeat(1, 5)) })
    await own.drained()
    await own.settledUntil(T0 + 5 * MINUTE, T0 + 4 * MINUTE)
    expect(await minute(own, T0)).toMatchObject({
      known: '60000',
      busy: String((5_000 + 50_000) * 1000),
      latest: 2,
    })
    const [first] = await own.store.query(
      'SELECT reason, revision, old_known_ms, new_known_ms, old_busy_ms_x1000, new_busy_ms_x1000 FROM restatements ORDER BY bucket LIMIT 1',
    )
    expect(first).toEqual({
      reason: 'late rows',
      revision: 2,
      old_known_ms: '30000',
      new_known_ms: '60000',
      old_busy_ms_x1000: '15000000',
      new_busy_ms_x1000: '55000000',
    })
  })

  it('settles again after a restart what a crash forgot, because the store knows what came late', async () => {
    const own = await start()
    await accept(own, ['uuid:forgotten'], T0)
    const boot = newBoot()
    const devices = [testDevice('forgotten')]
    own.send({ boot, seq: 1, t0Ms: T0, devices, cells: cells([0.5]) })
    await own.drained()
    await own.settledUntil(T0 + 5 * MINUTE, T0 + 4 * MINUTE)
    // Stored by a process that died before it settled again.
    const at = (ms: number) => new Date(ms).toISOString()
    const row = {
      device_id: deviceId('uuid:forgotten'),
      step_ms: 10_000,
      busy_ratio: 1,
      busy_source: 1,
    }
    await own.store.insertJson(
      'samples',
      [storedSample({ ...row, ts: at(T0 + 30_000), log_position: 99 })],
      'crashed',
    )
    const range = { cluster: 'c1', collector: 'k1', boot, first_seq: 2, last_seq: 2, row_count: 1 }
    const times = {
      min_ts: at(T0 + 30_000),
      max_ts: at(T0 + 30_000),
      inserted_at: at(T0 + 6 * MINUTE),
    }
    await own.store.insertJson('batches', [{ ...range, ...times }], 'crashed')
    own.clock.nowMs = T0 + 7 * MINUTE
    await own.restart()
    await own.settledUntil(T0 + 7 * MINUTE, T0 + 6 * MINUTE)
    expect(await minute(own, T0)).toMatchObject({ known: '60000', latest: 2 })
  })

  it('never publishes what a crash left behind: the next revision is above it', async () => {
    const own = await start()
    await accept(own, ['uuid:leftover'], T0)
    await own.store.insertJson(
      'ledger_1m',
      [
        {
          bucket: new Date(T0).toISOString(),
          device_id: deviceId('uuid:leftover'),
          revision: 7,
          known_ms: 1,
          capacity_ms: 1,
        },
      ],
      'leftover',
    )
    await own.settledUntil(T0 + MINUTE + 20_000, T0 + MINUTE)
    expect(await minute(own, T0)).toMatchObject({ latest: 8, capacity: '60000', known: '0' })
  })
})

describe('capacity by discovery', () => {
  it('begins after ten minutes of samples, back-dated to the first, and settles those minutes', async () => {
    const own = await start()
    const boot = newBoot()
    const devices = [testDevice('found')]
    const half = repeat(0.5, 1)
    for (let tick = 0; tick <= 10; tick += 1)
      own.send({
        boot,
        seq: tick + 1,
        t0Ms: T0 + tick * MINUTE,
        stepMs: MINUTE,
        devices,
        cells: cells(half),
      })
    await own.drained()
    await own.settledUntil(T0 + 11 * MINUTE + 20_000, T0 + 11 * MINUTE)
    expect(await minute(own, T0)).toMatchObject({ known: '60000', busy: '30000000', latest: 1 })
    expect(
      await own.store.query('SELECT reason, toUnixTimestamp64Milli(from_at) AS at FROM intervals'),
    ).toEqual([{ reason: 'discovered', at: String(T0) }])
  })

  it('settles minutes again that were settled before a device was accepted', async () => {
    const own = await start()
    await accept(own, ['uuid:old'], T0)
    const boot = newBoot()
    const devices = [testDevice('old'), testDevice('new')]
    const send = (tick: number) =>
      own.send({
        boot,
        seq: tick + 1,
        t0Ms: T0 + tick * MINUTE,
        stepMs: MINUTE,
        devices,
        cells: cells([0.5], [1]),
      })
    for (let tick = 0; tick < 5; tick += 1) send(tick)
    await own.drained()
    await own.settledUntil(T0 + 5 * MINUTE + 20_000, T0 + 5 * MINUTE)
    expect(await minute(own, T0)).toMatchObject({ devices: '1', latest: 1 })
    await own.restart()
    for (let tick = 5; tick <= 10; tick += 1) send(tick)
    await own.drained()
    await until('the device to be accepted', async () => {
      const rows = await own.store.query("SELECT 1 FROM intervals WHERE reason = 'discovered'")
      return rows.length === 1
    })
    await own.settledUntil(T0 + 11 * MINUTE + 20_000, T0 + 11 * MINUTE)
    expect(await minute(own, T0)).toMatchObject({ devices: '2', busy: '90000000', latest: 2 })
    expect(await own.store.query('SELECT DISTINCT reason FROM restatements')).toEqual([
      { reason: 'capacity accepted' },
    ])
  })
})

describe('a replaced card', () => {
  it('ends the capacity of the old one at that instant and begins as a device of its own', async () => {
    const own = await start()
    const boot = newBoot()
    const slot = 'slot:n1/0000:01/0'
    const card = (name: string) => [testDevice(name, { keys: [`uuid:${name}`, slot] })]
    const send = (tick: number, name: string) =>
      own.send({
        boot,
        seq: tick + 1,
        t0Ms: T0 + tick * MINUTE,
        stepMs: MINUTE,
        devices: card(name),
        cells: cells([0.5]),
      })
    for (let tick = 0; tick <= 10; tick += 1) send(tick, 'first')
    await own.drained()
    await until('the first card', async () => {
      return (await own.store.query('SELECT 1 FROM intervals')).length === 1
    })
    for (let tick = 11; tick <= 22; tick += 1) send(tick, 'second')
    await own.drained()
    await own.settledUntil(T0 + 23 * MINUTE + 20_000, T0 + 23 * MINUTE)
    const rows = await own.store.query(
      `SELECT device_id AS id, toUnixTimestamp64Milli(from_at) AS at, toUnixTimestamp64Milli(to_at) AS until
       FROM intervals FINAL ORDER BY from_at`,
    )
    const changedMs = String(T0 + 11 * MINUTE)
    expect(rows).toEqual([
      { id: String(deviceId('uuid:first')), at: String(T0), until: changedMs },
      { id: String(deviceId('uuid:second')), at: changedMs, until: String(Date.UTC(2100, 0, 1)) },
    ])
    for (const at of [10, 11, 20])
      expect(await minute(own, T0 + at * MINUTE)).toMatchObject({
        devices: '1',
        capacity: '60000',
        known: '60000',
      })
  })
})

describe('hours and days', () => {
  it('sum to the minutes they are made of, and follow a restated minute', async () => {
    const dayStart = Date.UTC(2026, 4, 1)
    pipeline = await startPipeline(engine, dayStart, {
      settle: { quietMs: 0, timeZone: 'Asia/Shanghai' },
      shard: { waitMs: 5 },
    })
    const own = pipeline
    // 16:00 UTC is midnight in Shanghai.
    const from = dayStart - 8 * 60 * MINUTE
    await accept(own, ['uuid:long'], from)
    const boot = newBoot()
    const devices = [testDevice('long')]
    for (let hour = 0; hour < 24; hour += 1)
      own.send({
        boot,
        seq: hour + 1,
        t0Ms: from + hour * 60 * MINUTE,
        stepMs: MINUTE,
        devices,
        cells: cells(repeat(hour / 24, 60)),
      })
    await own.drained()
    await own.settledUntil(from + 24 * 60 * MINUTE + 20_000, from + 24 * 60 * MINUTE)
    const totals = (table: string, resolution: string) =>
      own.store.query(
        `SELECT sum(known_ms) AS known, sum(busy_ms_x1000) AS busy, sum(capacity_ms) AS capacity FROM ${table}
         WHERE (bucket, revision) IN (SELECT bucket, max(revision) FROM revisions WHERE resolution = '${resolution}' GROUP BY bucket)`,
      )
    const minutes = await totals('ledger_1m', '1m')
    expect(minutes).toMatchObject([{ known: String(24 * 60 * MINUTE) }])
    expect(await totals('ledger_1h', '1h')).toEqual(minutes)
    expect(await totals('ledger_1d', '1d')).toEqual(minutes)
    expect(await own.store.query('SELECT DISTINCT local_date FROM ledger_1d')).toEqual([
      { local_date: '2026-05-01' },
    ])
    const bins = await own.store.query(
      'SELECT sum(arraySum(busy_histogram_ms)) AS ms, any(length(busy_histogram_ms)) AS bins FROM ledger_1h',
    )
    expect(bins).toEqual([{ ms: String(24 * 60 * MINUTE), bins: '20' }])

    own.send({ boot, seq: 25, t0Ms: from + 30_000, stepMs: 10_000, devices, cells: cells([1]) })
    await own.drained()
    await own.settledUntil(own.clock.nowMs, from)
    const restated = await totals('ledger_1m', '1m')
    expect(restated).not.toEqual(minutes)
    expect(await totals('ledger_1h', '1h')).toEqual(restated)
    expect(await totals('ledger_1d', '1d')).toEqual(restated)
  })
})
