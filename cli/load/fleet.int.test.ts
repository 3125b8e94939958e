import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Batch, bitSet } from '#schemas/batch.ts'
import type { OutgoingMessage, Publisher } from '#schemas/ports.ts'
import type { Logger } from '#schemas/role.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { handTime } from '../../collector/time.testing.ts'
import { createLoadFleet } from './fleet.ts'
import { makeReport, reportLines } from './report.ts'
import { runLoad } from './run.ts'

/** The whole load but the server: collectors, spools on disk, a bus that the test is. */

const START = Date.UTC(2026, 10, 20, 9, 37, 40)
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const SHAPE = { devices: 250, collectors: 2, cluster: 'load', seed: 3 }

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plimsoll-load-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function load(intervalMs: number, take: (message: OutgoingMessage) => Promise<void>) {
  const time = handTime(START)
  const bus: Publisher = {
    publish: take,
    onWatermark: () => () => undefined,
    onResend: () => () => undefined,
    onControl: () => () => undefined,
    connected: () => true,
  }
  const fleet = createLoadFleet({
    shape: SHAPE,
    intervalMs,
    // As each run of the command: what an earlier one left would be sent again.
    directory: join(directory, randomBytes(4).toString('hex')),
    openPublisher: () => bus,
    logger: silent,
    time,
    random: randomBytes,
  })
  return { time, fleet }
}

/** Runs a load of so many seconds to its end. */
async function run(seconds: number, intervalMs = 1000, refuseFirst = 0) {
  const batches: Batch[] = []
  let refusals = refuseFirst
  const { time, fleet } = load(intervalMs, async ({ payload }) => {
    if (refusals-- > 0) throw new Error('the bus is full')
    const decoded = decodeBatch(payload)
    if (!decoded.ok) throw new Error(decoded.reason)
    batches.push(decoded.batch)
  })
  const started = Promise.withResolvers<void>()
  const running = runLoad({
    fleet: { ...fleet, start: () => fleet.start().finally(started.resolve) },
    durationMs: seconds * 1000,
    time,
    signals: new EventEmitter(),
    use: () => ({ cpuMs: 0, rssBytes: 0 }),
    onSecond: () => undefined,
  })
  // Spools are opened on a real disk, which the hand-turned time knows nothing of.
  await started.promise
  const over = new AbortController()
  void running.finally(() => over.abort())
  await time.pass(seconds * 1000)
  while (!over.signal.aborted) {
    await time.pass(100)
    // What is being drained waits for a real disk: 5 s of hand-turned time become a real one.
    await delay(20)
  }
  const result = await running
  const report = makeReport({ shape: SHAPE, intervalMs, ...result })
  return { batches, report, rows: batches.flatMap(rowsOf) }
}

/** Each row as text: device, tick and every value. */
function rowsOf({ devices, t0Ms, stepMs, ticks, present, columns }: Batch) {
  const found: { device: string; tickMs: number; values: Record<string, number> }[] = []
  for (let row = 0; row < ticks * devices.length; row++) {
    if (!bitSet(present, row)) continue
    const values = columns
      .filter(({ valid }) => bitSet(valid, row))
      .map(({ name, values: all }) => [name, all[row] ?? Number.NaN] as const)
    found.push({
      device: devices[row % devices.length]?.keys[0] ?? '',
      tickMs: t0Ms + Math.floor(row / devices.length) * stepMs,
      values: Object.fromEntries(values),
    })
  }
  return found
}

const byName = (a: readonly [string, number], b: readonly [string, number]) =>
  a[0] < b[0] ? -1 : 1

describe('a load', () => {
  it('every row that was made is on the bus once, with 40 values, marked simulated', async () => {
    const { batches, report, rows } = await run(6)
    expect(rows).toHaveLength(report.rows)
    expect(report.rows).toBeGreaterThanOrEqual(250 * 5)
    expect(new Set(rows.map(({ device, tickMs }) => `${device} ${tickMs}`)).size).toBe(rows.length)
    expect(rows.every(({ values }) => Object.keys(values).length === 40)).toBe(true)
    expect(batches.every(({ simulated, cluster }) => simulated && cluster === 'load')).toBe(true)
    expect(new Set(batches.map(({ collector }) => collector)).size).toBe(2)
    expect(report).toMatchObject({ unpublished: 0, lost_batches: 0, missed_ticks: 0 })
    expect([report.batches, report.published]).toEqual([batches.length, batches.length])
    expect(report.values).toBe(report.rows * 40)
  })

  it('the same seed at the same time gives the same rows', async () => {
    const digest = async () => {
      const lines = (await run(3)).rows.map(({ device, tickMs, values }) =>
        JSON.stringify([device, tickMs, Object.entries(values).toSorted(byName)]),
      )
      return { rows: lines.length, hash: hash('sha256', lines.toSorted().join('\n')) }
    }
    expect(await digest()).toEqual(await digest())
  })

  it('reads are spread over the interval from the first one on', async () => {
    const { time, fleet } = load(10_000, async () => undefined)
    await fleet.start()
    const perSecond: number[] = []
    for (let second = 0, before = 0; second < 10; second++) {
      await time.pass(1000)
      const { rows } = fleet.counts()
      perSecond.push(rows - before)
      before = rows
    }
    await fleet.stop()
    expect(perSecond.reduce((sum, rows) => sum + rows, 0)).toBe(250)
    expect(Math.max(...perSecond)).toBeLessThan(100)
  })

  it('what the bus refused is sent again and counted once', async () => {
    const { report, rows } = await run(4, 1000, 5)
    expect(rows).toHaveLength(report.rows)
    expect(report).toMatchObject({ refused_attempts: 5, unpublished: 0 })
  })

  it('a bus that takes nothing leaves everything in the spools, and the end says so', async () => {
    const { report } = await run(3, 1000, Infinity)
    expect(report.batches).toBeGreaterThan(0)
    expect([report.published, report.unpublished]).toEqual([0, report.batches])
    expect(reportLines(report, '/spools').join('\n')).toMatch(
      /\d+ batches were not taken.*\/spools/,
    )
  })
})
