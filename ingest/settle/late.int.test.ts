import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { asMessage, newBoot, testBatch, testDevice, until } from '../worker/ingest.testing.ts'

vi.setConfig({ testTimeout: 60_000 })

const T0 = Date.UTC(2026, 4, 1, 22)
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
const ID = deviceId('uuid:late')
let writes = 0
const interval = (own: Pipeline, kind: string, toMs: number, version: number, fromMs = T0) =>
  own.store.insertJson(
    'intervals',
    [
      {
        kind,
        device_id: ID,
        from_at: at(fromMs),
        to_at: at(toMs),
        reason: 'inventory',
        detail: '',
        version,
      },
    ],
    `interval-${(writes += 1)}`,
  )
const OPEN = Date.UTC(2100, 0, 1)

/** Samples of one device in [fromMs, toMs), one every 30 s, all busy at `ratio`. */
const sendSpan = (own: Pipeline, boot: string, seq: number, span: readonly [number, number]) =>
  own.send({
    boot,
    seq,
    t0Ms: span[0],
    stepMs: 30_000,
    devices: [testDevice('late')],
    cells: { busy_ratio: Array.from({ length: (span[1] - span[0]) / 30_000 }, () => [0.5]) },
  })

/** Three hours around midnight, all settled; samples of the second hour are missing. */
async function threeHours(rawDays = 14, quietMs = 0): Promise<{ own: Pipeline; boot: string }> {
  const limits = { maxAgeMs: rawDays * DAY, maxAheadMs: MINUTE }
  const settle = { quietMs, delayMs: 20_000, rawRetentionMs: rawDays * DAY }
  const own = await startPipeline(engine, T0, {
    settle,
    shard: { waitMs: 5 },
    timeLimits: limits,
  })
  pipeline = own
  await interval(own, 'capacity', OPEN, 1)
  await own.restart()
  const boot = newBoot()
  sendSpan(own, boot, 1, [T0, T0 + HOUR])
  sendSpan(own, boot, 3, [T0 + 2 * HOUR, T0 + 3 * HOUR])
  await own.drained()
  await own.settledUntil(T0 + 3 * HOUR + 30_000, T0 + 3 * HOUR)
  return { own, boot }
}

const published = (table: string, resolution: string, before: string) => `
  SELECT toString(sum(capacity_ms)) AS capacity, toString(sum(known_ms)) AS known
  FROM ${table}
  WHERE (bucket, revision) IN
    (SELECT bucket, max(revision) FROM revisions WHERE resolution = '${resolution}' GROUP BY bucket)
  AND bucket < toDateTime('2026-05-${before}:00:00', 'UTC')`
/** Published capacity and known time: three hours by minute and by hour; the first day by minute and by day. */
const sums = async (own: Pipeline) => {
  const one = async (...what: Parameters<typeof published>) =>
    (await own.store.query(published(...what)))[0]
  return {
    minutes: await one('ledger_1m', '1m', '02 01'),
    hours: await one('ledger_1h', '1h', '02 01'),
    minutesOfDay: await one('ledger_1m', '1m', '02 00'),
    day: await one('ledger_1d', '1d', '02 00'),
  }
}
/** Larger buckets say what their minutes say. */
const expectSums = async (own: Pipeline, minutes: { capacity: string; known: string }) => {
  await until('hours and the day to follow', async () => {
    const now = await sums(own)
    const isSame = JSON.stringify(now.day) === JSON.stringify(now.minutesOfDay)
    return isSame && JSON.stringify(now.hours) === JSON.stringify(minutes)
  })
  expect((await sums(own)).minutes).toEqual(minutes)
}
const restatements = (own: Pipeline) =>
  own.store.query(`SELECT reason, toUInt32(count()) AS minutes, toString(min(bucket)) AS first,
    toString(sum(old_known_ms)) AS old_known, toString(sum(new_known_ms)) AS new_known
    FROM restatements GROUP BY reason ORDER BY reason`)
const settled = async (own: Pipeline) => {
  own.clock.nowMs += 11_000
  await new Promise((resolve) => setTimeout(resolve, 50))
  await own.settledUntil(own.clock.nowMs, T0 + 3 * HOUR)
}
const ms = (hours: number) => String(hours * HOUR)

it('late rows settle their minutes, hours and days again, each with what it replaces', async () => {
  const { own, boot } = await threeHours()
  // The last sample before a hole is bridged over two empty cells.
  await expectSums(own, { capacity: ms(3), known: String(2 * HOUR + MINUTE) })
  sendSpan(own, boot, 2, [T0 + HOUR, T0 + 2 * HOUR])
  await own.drained()
  await settled(own)
  await expectSums(own, { capacity: ms(3), known: ms(3) })
  expect(await restatements(own)).toEqual([
    {
      reason: 'late rows',
      // The hour itself, and the minute behind it that its last sample could have been bridged into.
      minutes: 61,
      first: '2026-05-01 23:00:00',
      old_known: String(MINUTE + MINUTE),
      new_known: String(HOUR + MINUTE),
    },
  ])
})

it('a capacity interval that somebody corrected settles what it changed again, without a restart', async () => {
  const { own } = await threeHours()
  await interval(own, 'capacity', T0 + 2 * HOUR + 30 * MINUTE, 2)
  await settled(own)
  await expectSums(own, { capacity: ms(2.5), known: String(1.5 * HOUR + MINUTE) })
  const [row] = await restatements(own)
  expect(row).toMatchObject({ reason: 'capacity corrected', first: '2026-05-02 00:30:00' })
})

it('a corrected interval settles its own window again, and nothing else', async () => {
  const { own } = await threeHours()
  const last = async () => {
    const [row] = await own.store.query(
      'SELECT toString(min(bucket)) AS first, toString(max(bucket)) AS last FROM restatements WHERE revision = (SELECT max(revision) FROM restatements)',
    )
    return row
  }
  // Settled again when it was looked at; the look itself may come a moment after the clock has moved.
  const restated = async (first: string, until: string) => {
    await settled(own)
    await expect.poll(last, { timeout: 20_000 }).toEqual({ first, last: until })
  }
  await interval(own, 'delivered', T0 + 2 * HOUR, 1)
  await restated('2026-05-01 22:00:00', '2026-05-01 23:59:00')
  await interval(own, 'delivered', T0 + 90 * MINUTE, 2)
  await restated('2026-05-01 23:30:00', '2026-05-01 23:59:00')
  expect(await restatements(own)).toEqual([
    expect.objectContaining({ reason: 'delivered corrected', first: '2026-05-01 22:00:00' }),
  ])
})

it('causes that meet in one minute are both in its restatement', async () => {
  // Long enough for both to come before the minutes are settled again.
  const { own, boot } = await threeHours(14, 30_000)
  await interval(own, 'capacity', T0 + 90 * MINUTE, 2)
  sendSpan(own, boot, 2, [T0 + HOUR, T0 + 2 * HOUR])
  await own.drained()
  own.clock.nowMs += 11_000
  await until('both causes to be seen', () => {
    const { metrics } = own.ingest.health()
    return (metrics['settle_waiting_minutes'] ?? 0) > 61
  })
  own.clock.nowMs += 30_000
  await own.settledUntil(own.clock.nowMs, T0 + 3 * HOUR)
  const rows = await restatements(own)
  expect(rows).toContainEqual(
    expect.objectContaining({
      reason: 'late rows; capacity corrected',
      first: '2026-05-01 23:30:00',
    }),
  )
  await expectSums(own, { capacity: ms(1.5), known: ms(1.5) })
})

it('what is older than raw samples are kept is refused by name, and changes no figure', async () => {
  const { own, boot } = await threeHours(2)
  const before = await sums(own)
  own.clock.nowMs = T0 + 4 * DAY
  const late = testBatch({
    boot,
    seq: 2,
    t0Ms: T0 + HOUR,
    stepMs: 30_000,
    devices: [testDevice('late')],
    cells: { busy_ratio: [[1], [1]] },
  })
  own.handle.log.add(asMessage(late, { receivedAtMs: T0 + 4 * DAY }))
  await own.drained()
  expect(await own.store.query('SELECT reason FROM quarantine')).toEqual([{ reason: 'time_past' }])
  expect(own.handle.heard.watermarks.at(-1)?.watermark.seq).toBe(3)
  expect(await sums(own)).toEqual(before)
  expect(await restatements(own)).toEqual([])
})

it('rows that wait in the log until their raw neighbours are gone settle nothing from a part', async () => {
  const { own, boot } = await threeHours(2)
  const before = await sums(own)
  own.clock.nowMs = T0 + 4 * DAY
  // Received in time, read much later: the message is taken, its minute is left as it was.
  sendSpan(own, boot, 2, [T0 + HOUR, T0 + 2 * HOUR])
  await own.store.command(`DELETE FROM samples WHERE ts < '2026-05-02 00:00:00'`)
  await own.drained()
  own.clock.nowMs += 300_000
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(await restatements(own)).toEqual([])
  expect(await sums(own)).toEqual(before)
})
