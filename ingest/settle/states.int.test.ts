import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createLedger } from './ledger.ts'
import { createLocalDays } from './local-day.ts'
import { createSettlePlan, type SettlePlan } from './plan.ts'
import { drawnLots, LOTS, together } from './states-draw.testing.ts'
import { clearFleet, type Fleet, storeFleet } from './states-fleet.testing.ts'
import { brokenRules, differences, settledRows } from './states-ledger.testing.ts'
import { judge } from './states-oracle.testing.ts'

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 })

const MINUTE = 60_000
const MINUTES = 165
/** Over midnight, with full hours on both sides. */
const FROM = Date.UTC(2026, 4, 1, 22)
const TO = FROM + MINUTES * MINUTE

let engine: TestEngine
let store: Store
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})

/** What rows that arrive late may change, as ingest reckons it: times epoch ms. */
function touch(plan: SettlePlan, lot: Fleet, nowMs: number): void {
  const spans = [
    ...lot.readings.map(({ atMs, stepMs }) => [atMs - stepMs, atMs + 3 * stepMs]),
    ...lot.edges.map(({ atMs }) => [atMs, Infinity]),
    ...lot.references.map(({ fromMs }) => [fromMs, Infinity]),
    ...lot.places.map(({ fromMs }) => [fromMs, Infinity]),
    ...lot.told.map(({ atMs }) => [atMs, Infinity]),
    ...lot.claims.map(({ fromMs }) => [fromMs, Infinity]),
    ...[...lot.intervals, ...lot.scopes].map(({ fromMs, toMs }) => [fromMs, toMs]),
  ]
  for (const [fromMs, toMs] of spans)
    if (fromMs !== undefined && toMs !== undefined) plan.touch(fromMs, toMs, 'late rows', nowMs)
}

let runs = 0

it('are judged and summed alike whatever fleet, order of arrival and size of pieces: nine states, every table', async () => {
  await fc.assert(
    fc.asyncProperty(
      drawnLots(FROM, MINUTES),
      fc.array(fc.integer({ min: 15, max: 90 }), { minLength: 3, maxLength: 6 }),
      fc.array(fc.integer({ min: 30, max: MINUTES }), { minLength: LOTS - 1, maxLength: LOTS - 1 }),
      async (lots, chunks, arrivals) => {
        runs += 1
        await clearFleet(store)
        const dayOf = createLocalDays('UTC')
        const options = { delayMs: 0, quietMs: 0, waitMaxMs: 0, rawRetentionMs: 1e12, dayOf }
        const start = { fromMs: FROM, untilMs: null, hoursUntilMs: null, daysUntilMs: null }
        const plan = createSettlePlan(
          { ...start, dirtyMinutes: new Map(), dirtyHours: [], dirtyDays: [] },
          options,
        )
        let nowMs = FROM
        const ledger = await createLedger(store, () => nowMs, { dayOf })
        const settleAll = async () => {
          for (let step = 0; ; step += 1) {
            const work = plan.next(nowMs, chunks[step % chunks.length] ?? 60)
            if (work === null) return
            await ledger.settle(work)
            plan.done(work)
          }
        }
        for (const [index, lot] of lots.entries()) {
          await storeFleet(store, lot, `run-${runs}-${index}`)
          touch(plan, lot, nowMs)
          nowMs = index === LOTS - 1 ? TO : Math.max(nowMs, FROM + (arrivals[index] ?? 60) * MINUTE)
          await settleAll()
        }
        expect(
          differences(await settledRows(store, FROM), judge(together(lots), FROM, TO)),
        ).toEqual([])
        expect(await brokenRules(store)).toEqual([])
      },
    ),
    { numRuns: 1, endOnFailure: true },
  )
})
