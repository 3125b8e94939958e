import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { createLedger, type Ledger } from '../ingest/settle/ledger.ts'
import { createLocalDays } from '../ingest/settle/local-day.ts'
import { createSettler, DEFAULT_SETTLE_OPTIONS } from '../ingest/settle/settle.ts'
import { loadKnowledge } from '../ingest/worker/load.ts'
import { buildFleet } from './fleet/layout.ts'
import { createFleetModel } from './fleet/state.ts'
import { writeHistory } from './history.ts'
import { planHistory } from './history-plan.ts'
import { createResettle } from './history-resettle.ts'

const NOW = Date.UTC(2026, 10, 20, 9, 37, 42)
const HOUR = 3_600_000
/** Its days begin at 06:00 UTC, within the part that is settled at once. */
const ZONE = 'Etc/GMT+6'
const DAY_START = Date.UTC(2026, 10, 20, 6)
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const published = `
  SELECT resolution, toString(min(bucket)) AS first, count() AS buckets, uniqExact(bucket) AS different
  FROM revisions WHERE match(resolution, '^1[hd]') GROUP BY resolution ORDER BY resolution`

let engine: TestEngine
let ledger: Ledger
const plan = planHistory({ nowMs: NOW, days: 0.3, settledHours: 4 })

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  ledger = await createLedger(engine.store, () => NOW, { dayOf: createLocalDays(ZONE) })
  await writeHistory({
    store: engine.store,
    ledger,
    model: createFleetModel(buildFleet(64, 3), plan.fromMs, NOW),
    plan,
    clock: () => NOW,
    onProgress: () => undefined,
  })
}, 60_000)
afterAll(() => engine.stop())

describe('the settle role beside a simulated history', () => {
  it('settles no hour and no day that began before the part that is settled already', async () => {
    const { knowledge, intervals } = await loadKnowledge(engine.store, NOW)
    const options = {
      ...DEFAULT_SETTLE_OPTIONS,
      timeZone: ZONE,
      earliestMs: plan.settledFromMs,
    }
    const { capacity } = knowledge
    const parts = {
      store: engine.store,
      capacity,
      intervals,
      clock: () => NOW,
      log: silent,
      options,
    }
    const settler = await createSettler(parts)
    while (await settler.step()) continue
    expect(settler.settledUntilMs).toBe(plan.toMs)
    // The local day that ended at 06:00 began before that part, and today's is not over.
    expect(await engine.store.query(published)).toEqual([
      { resolution: '1h', first: '2026-11-20 05:00:00', buckets: '4', different: '4' },
      { resolution: '1h_node', first: '2026-11-20 05:00:00', buckets: '4', different: '4' },
    ])
    // Energy of its quarter hours is settled on the way.
  }, 120_000)
})

describe('settling the older hours of a simulated history', () => {
  it('comes to the same figures, publishes hours and whole days, and stops when asked', async () => {
    const options = {
      store: engine.store,
      ledger,
      plan,
      // More than there are, so that an hour is settled in pieces.
      devices: 10_000,
      timeZone: ZONE,
      log: silent,
      pause: 0,
    }
    const first = createResettle(options)
    expect(first.status()).toEqual({ settledShare: 0, isDone: false, differentMinutes: 0 })
    first.start()
    await first.stop()
    expect(first.status().isDone).toBe(false)

    const resettle = createResettle(options)
    resettle.start()
    await expect.poll(() => resettle.status().isDone, { timeout: 90_000, interval: 50 }).toBe(true)
    await resettle.stop()
    expect(resettle.status()).toEqual({ settledShare: 1, isDone: true, differentMinutes: 0 })
    const [minutes, ...sums] = await Promise.all(
      ['1m', '1h', '1h_node', '1d', '1d_node'].map((resolution) =>
        engine.store.query(
          `SELECT sum(capacity_ms) AS capacity, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy
           FROM {table:Identifier} WHERE bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') AND (bucket, revision) IN
             (SELECT bucket, max(revision) FROM revisions WHERE resolution = {resolution:String} GROUP BY bucket)`,
          { table: `ledger_${resolution}`, resolution, to_ms: DAY_START },
        ),
      ),
    )
    for (const each of sums) expect(each).toEqual(minutes)
    const rows = await engine.store.query(published)
    expect(rows).toMatchObject(
      ['1d', '1d_node', '1h', '1h_node'].map((resolution) => ({ resolution })),
    )
    const restated = await engine.store.query('SELECT count() AS n FROM restatements')
    expect(restated).toEqual([{ n: '0' }])
  }, 120_000)

  it('has nothing to do when all of it was settled at once', async () => {
    const all = { ...plan, settledFromMs: plan.fromMs }
    const none = createResettle({
      store: engine.store,
      ledger,
      plan: all,
      devices: 64,
      timeZone: 'UTC',
      log: silent,
    })
    none.start()
    await none.stop()
    expect(none.status()).toEqual({ settledShare: 1, isDone: true, differentMinutes: 0 })
    expect(plan.settledFromMs - plan.fromMs).toBe(3 * HOUR)
  })
})
