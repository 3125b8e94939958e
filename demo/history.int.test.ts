import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { createLedger } from '../ingest/settle/ledger.ts'
import { createLocalDays } from '../ingest/settle/local-day.ts'
import { buildFleet } from './fleet/layout.ts'
import { createFleetModel, type FleetModel } from './fleet/state.ts'
import { writeHistory } from './history.ts'
import { planHistory } from './history-plan.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Within the hour, so that nothing below depends on whole ones. */
const NOW = Date.UTC(2026, 10, 20, 9, 37, 42)
const SUM_COLUMNS = `
  sum(capacity_ms) AS capacity, sum(verification_ms) AS verification, sum(known_ms) AS known,
  sum(busy_ms_x1000) AS busy, sum(active_known_ms) AS active_known, sum(active_ms_x1000) AS active,
  sum(effective_known_ms) AS effective_known, sum(effective_ms_x1000) AS effective,
  sum(power_known_ms) AS power_known, sum(power_mw_ms) AS power, sum(memory_known_ms) AS memory_known,
  sum(memory_ms_x1000) AS memory, sum(temperature_known_ms) AS temperature_known,
  sum(temperature_mc_ms) AS temperature, max(temperature_max) AS hottest, max(margin_min) AS margin,
  sum(unknown_ms) AS unknown, sum(unallocated_ms) AS unallocated, sum(productive_ms_x1000) AS productive,
  sum(busy_unallocated_ms_x1000) AS busy_unallocated, sum(power_unallocated_mw_ms) AS power_unallocated,
  sum(allocated_ms) AS allocated, sum(allocated_known_ms) AS allocated_known`
const DIMENSIONS = 'bucket, cluster, hall, pool, vendor, model, tenant, class, busy_source'
const BY_VIEW = `
  SELECT ${DIMENSIONS}, uniqExact(device_id) AS device_count, ${SUM_COLUMNS}
  FROM device_minutes(from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64}, set_id = 0)
  GROUP BY ${DIMENSIONS} ORDER BY ${DIMENSIONS}`
const BY_GROUPS = `
  SELECT ${DIMENSIONS}, sum(devices) AS device_count, ${SUM_COLUMNS}
  FROM ledger_1m_group WHERE revision = 1
    AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  GROUP BY ${DIMENSIONS} ORDER BY ${DIMENSIONS}`

/** A small fleet in which some node falls silent in the first two hours, and answers again. */
function fleetWithSilence(fromMs: number): FleetModel {
  for (let seed = 1; ; seed++) {
    const model = createFleetModel(buildFleet(64, seed), fromMs, NOW)
    const silent = model.fleet.nodes.some((node) => {
      const answers = Array.from({ length: 120 }, (_, minute) =>
        model.nodeAnswers(node, fromMs + minute * MINUTE),
      )
      return answers[0] && answers[119] && answers.includes(false)
    })
    if (silent) return model
  }
}

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(() => engine.stop())

describe('simulated history', () => {
  const plan = {
    ...planHistory({ nowMs: NOW, days: 0.25 }),
    settledFromMs: Date.UTC(2026, 10, 20, 6),
  }
  const shares: number[] = []

  beforeAll(async () => {
    const { store } = engine
    const ledger = await createLedger(store, () => NOW, { dayOf: createLocalDays('UTC') })
    await writeHistory({
      store,
      ledger,
      model: fleetWithSilence(plan.fromMs),
      plan,
      clock: () => NOW,
      onProgress: (share) => shares.push(share),
    })
  })

  it('adds up the group minutes of older hours to the very integers of the settler’s view', async () => {
    const range = { from_ms: plan.fromMs, to_ms: plan.settledFromMs }
    const groups = await engine.store.query(BY_GROUPS, range)
    expect(groups.length).toBeGreaterThan(3 * 60 * 4)
    expect(groups).toEqual(await engine.store.query(BY_VIEW, range))
    expect(groups.some((row) => JSON.stringify(row).includes('"known":"0"'))).toBe(true)
  })

  it('publishes every minute once, newer hours by the settler, with the hours that are whole', async () => {
    const rows = await engine.store.query(
      'SELECT resolution, count() AS buckets, uniqExact(bucket) AS different, max(revisions.revision) AS latest FROM revisions GROUP BY resolution ORDER BY resolution',
    )
    const minutes = String((plan.toMs - plan.fromMs) / MINUTE)
    expect(rows).toEqual([
      { resolution: '1h', buckets: '3', different: '3', latest: 1 },
      { resolution: '1h_node', buckets: '3', different: '3', latest: 1 },
      { resolution: '1m', buckets: minutes, different: minutes, latest: 1 },
    ])
    const [ledger] = await engine.store.query(
      'SELECT toUnixTimestamp(min(bucket)) * 1000 AS first, toUnixTimestamp(max(bucket)) * 1000 AS last FROM ledger_1m',
    )
    expect(ledger).toEqual({ first: String(plan.settledFromMs), last: String(plan.toMs - MINUTE) })
  })

  it('ends with the ten seconds that it is, so that the live fleet goes on from there', async () => {
    const [last] = await engine.store.query(
      'SELECT toUnixTimestamp64Milli(max(ts)) AS at, max(step_ms) AS step FROM samples WHERE ts >= fromUnixTimestamp64Milli({at:Int64})',
      { at: plan.fineFromMs },
    )
    expect(last).toEqual({ at: String(Math.floor(NOW / 10_000) * 10_000), step: 10_000 })
  })

  it('tells its progress, rising to one', () => {
    expect(shares.toSorted((a, b) => a - b)).toEqual(shares)
    expect(shares.at(-1)).toBe(1)
  })
})

describe('a history that is called off', () => {
  it('rejects with the reason and leaves no settler waiting', async () => {
    const { store } = engine
    const stopping = new AbortController()
    const plan = planHistory({ nowMs: NOW - 30 * 24 * HOUR, days: 1 })
    const writing = writeHistory({
      store,
      ledger: await createLedger(store, () => NOW, { dayOf: createLocalDays('UTC') }),
      model: createFleetModel(buildFleet(64, 1), plan.fromMs),
      plan,
      clock: () => NOW - 30 * 24 * HOUR,
      onProgress: () => stopping.abort(new Error('called off')),
      signal: stopping.signal,
    })
    await expect(writing).rejects.toThrow('called off')
  })
})
