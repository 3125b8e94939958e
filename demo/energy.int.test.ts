import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import {
  energyRows,
  energySettling,
  storeEnergyFleet,
} from '../ingest/energy/energy-fleet.testing.ts'
import type { OracleReading } from '../ingest/energy/energy-oracle.testing.ts'
import { BUCKET_MS, REACH_MS } from '../ingest/energy/energy-plan.ts'
import { buildFleet, type Fleet } from './fleet/layout.ts'
import { simMetrics } from './fleet/readings.ts'
import { createFleetModel } from './fleet/state.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

/** On the quarter hour. */
const T0 = Date.UTC(2026, 10, 20, 9, 30)
const STEP = 10_000

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(() => engine.stop())

/** What the simulated tools print of every device, every ten seconds. */
function printed(fleet: Fleet): OracleReading[] {
  const fromMs = T0 - REACH_MS
  const model = createFleetModel(fleet, fromMs - STEP, fromMs)
  const metrics = simMetrics(fleet)
  const values = (name: string) => metrics.find((metric) => metric.name === name)
  const [power, energy] = [values('power_watts'), values('energy_joules_total')]
  const readings: OracleReading[] = []
  const watts = new Float64Array(fleet.devices.length)
  const joules = new Float64Array(fleet.devices.length)
  const whole = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? null : Math.round(value * 1000)
  for (let atMs = fromMs; atMs < T0 + BUCKET_MS + REACH_MS; atMs += STEP) {
    const tick = model.tick(atMs, null)
    power?.fill(tick, watts)
    energy?.fill(tick, joules)
    for (const { position } of fleet.devices) {
      if (tick.present[position] !== 1) continue
      readings.push({
        device: position + 1,
        atMs,
        stepMs: STEP,
        position: readings.length,
        energyMj: whole(joules[position]),
        powerMw: whole(watts[position]),
      })
    }
  }
  return readings
}

it('counters and power of the simulated fleet agree within 1 %, and packages of two dies are covered', async () => {
  const fleet = buildFleet(256, 5)
  const spans = fleet.devices.map(({ position }) => ({
    device: position + 1,
    fromMs: T0,
    toMs: T0 + BUCKET_MS,
    rack: 'all',
  }))
  // One node of them all: dies of a package are neighbours in the list, as they are on their board.
  const devices = fleet.devices.map(({ position, spec }) => ({
    device: position + 1,
    model: spec.model,
    index: position,
  }))
  await storeEnergyFleet(engine.store, { readings: printed(fleet), spans, devices })
  const settling = await energySettling(engine.store, () => T0 + 86_400_000)
  const view = { fromMs: T0, settledUntilMs: T0 + BUCKET_MS + REACH_MS, isDirty: () => false }
  expect(await settling.step(view)).toBe(true)
  const rows = await energyRows(engine.store, T0)
  const sum = (name: string) =>
    [...rows.values()].reduce((total, row) => total + (row[name] ?? 0), 0)
  expect(Math.abs(sum('both_counter_mj') / sum('both_power_mj') - 1)).toBeLessThan(0.01)
  expect(sum('both_ms')).toBeGreaterThan(0.4 * sum('capacity_ms'))
  expect(sum('rejected')).toBe(0)
  // Die 1 of a package prints no power: die 0 speaks for both.
  expect(rows.get('all/Ascend 910C')).toMatchObject({ devices: 32, gaps_ms: 0, counter_mj: 0 })
})
