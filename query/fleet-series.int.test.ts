import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { noFilters } from './filters.ts'
import { fleetDeps, fleetSeries } from './fleet.ts'
import { SUMMARY_COLUMNS } from './fleet-metrics.ts'
import { readSums } from './fleet-sums.ts'
import { planOf } from './plan-of.ts'
import { publish, seedGroups } from './seed.testing.ts'
import { readPublished } from './settled.ts'
import { MINUTE_MS } from './window.ts'

const T0 = Date.UTC(2026, 4, 4, 8)

let engine: TestEngine
const deps = () =>
  fleetDeps({
    reader: engine.reader,
    clock: () => T0 + 5 * MINUTE_MS,
    timeZone: 'Asia/Shanghai',
    simulated: false,
  })
const whole = { from: String(T0), to: String(T0 + 5 * MINUTE_MS), filters: [] }

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(async () => {
  await engine.stop()
})
beforeEach(async () => {
  for (const table of ['revisions', 'ledger_1m_group'])
    await engine.store.command(`TRUNCATE TABLE ${table}`)
})

describe('fleet series', () => {
  test('a minute without data is null beside its neighbours', async () => {
    await seedGroups(engine.store, [
      { bucketMs: T0, devices: 10, busy: 0.25 },
      { bucketMs: T0 + 2 * MINUTE_MS, devices: 10, busy: 0.75, knownMs: 30_000 },
    ])
    await publish(engine.store, [T0, T0 + MINUTE_MS, T0 + 2 * MINUTE_MS])
    const asked = { ...whole, to: String(T0 + 3 * MINUTE_MS), points: 300 }
    const { groups } = await fleetSeries(deps(), { ...asked, metric: 'utilization' })
    expect(groups).toEqual([
      {
        key: {},
        metric: 'utilization',
        unit: 'ratio',
        t0: T0,
        step_ms: MINUTE_MS,
        values: [0.25, null, 0.75],
        coverage: [1, null, 0.5],
        lo: [0.25, null, 0.375],
        hi: [0.25, null, 0.875],
      },
    ])
    const power = await fleetSeries(deps(), { ...asked, metric: 'power_watts' })
    expect(power.groups[0]).toMatchObject({ unit: 'watts', values: [4000, null, 2000] })
  })

  test('a step is weighted by device time, not an average of its minutes', async () => {
    await seedGroups(engine.store, [
      { bucketMs: T0, devices: 100, busy: 0.9 },
      { bucketMs: T0 + MINUTE_MS, devices: 900, busy: 0.5 },
    ])
    await publish(engine.store, [T0, T0 + MINUTE_MS])
    const asked = {
      ...whole,
      to: String(T0 + 2 * MINUTE_MS),
      points: 1,
      metric: 'utilization',
    } as const
    const { groups } = await fleetSeries(deps(), asked)
    expect(groups[0]?.values).toEqual([0.54])
  })

  test('nothing at all is a line of nulls', async () => {
    const { groups } = await fleetSeries(deps(), { ...whole, points: 300, metric: 'active' })
    expect(groups[0]?.values).toEqual([null, null, null, null, null])
  })
})

test('sums beyond what a double holds come from the store to the last unit', async () => {
  await seedGroups(engine.store, [{ bucketMs: T0, devices: 333_333_333, busy: 0.75 }])
  await publish(engine.store, [T0])
  const published = await readPublished(engine.reader)
  const window = { fromMs: T0, toMs: T0 + MINUTE_MS }
  const plan = await planOf(deps(), { ...window, fields: [], stepMs: null }, published)
  const asked = { groupBy: [], filters: noFilters(), t0Ms: T0, stepMs: 0, bySource: false }
  for (const states of [false, true]) {
    const grouping = { ...asked, columns: SUMMARY_COLUMNS, states }
    const [group] = (await readSums(engine.reader, plan, grouping)).values()
    expect(group?.steps.get(0)).toMatchObject({
      capacity: 333_333_333n * 60_000n,
      busyX1000: 333_333_333n * 45_000_000n,
      powerMwMs: 333_333_333n * 400_000n * 60_000n,
    })
  }
})
