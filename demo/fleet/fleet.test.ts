import { describe, expect, it } from 'vitest'
import { INCIDENT_MS, incidentAt } from './incident.ts'
import { buildFleet } from './layout.ts'
import { createFleetModel } from './state.ts'

const MINUTE = 60_000
const start = Date.UTC(2026, 10, 20, 3, 0, 0)

function utilization(seed: number, atMs: number, incidentMs: number | null): number {
  const model = createFleetModel(buildFleet(2048, seed), atMs)
  const tick = model.tick(atMs, incidentMs)
  let busy = 0
  let known = 0
  tick.busy.forEach((value, i) => {
    if (tick.present[i] === 1) {
      busy += value
      known++
    }
  })
  return busy / known
}

describe('the simulated fleet', () => {
  it('has exactly the devices asked for, in two clusters, four models, with unique keys', () => {
    const fleet = buildFleet(2048, 1)
    expect(fleet.devices.length).toBe(2048)
    expect(new Set(fleet.devices.map((device) => device.key)).size).toBe(2048)
    expect(new Set(fleet.devices.map((device) => device.node.cluster)).size).toBe(2)
    expect(new Set(fleet.devices.map((device) => device.spec.model)).size).toBe(4)
    expect(new Set(fleet.nodes.map((node) => node.name)).size).toBe(fleet.nodes.length)
  })

  it('is the same fleet at the same moment for the same seed, and another for another', () => {
    expect(utilization(7, start, null)).toBe(utilization(7, start, null))
    expect(utilization(7, start, null)).not.toBe(utilization(8, start, null))
  })

  it('stays above the danger line at every hour of the day, so that only the incident crosses it', () => {
    for (const seed of [1, 2, 3]) {
      for (let hour = 0; hour < 24; hour++) {
        const value = utilization(seed, start + hour * 60 * MINUTE + MINUTE, null)
        expect(value, `seed ${seed} hour ${hour}`).toBeGreaterThan(0.6)
        expect(value, `seed ${seed} hour ${hour}`).toBeLessThan(0.82)
      }
    }
  })

  it('crosses 60 % in the incident and is back after eight minutes', () => {
    for (let hour = 0; hour < 24; hour += 6) {
      const at = start + hour * 60 * MINUTE
      expect(utilization(1, at + 4 * MINUTE, at)).toBeLessThan(0.6)
      expect(utilization(1, at + INCIDENT_MS, at)).toBeGreaterThan(0.6)
    }
    expect(incidentAt(INCIDENT_MS).caption).toBeNull()
  })

  it('silences some nodes, but only a small part of the fleet at a time', () => {
    const model = createFleetModel(buildFleet(2048, 1), start)
    let silent = 0
    for (let hour = 0; hour < 48; hour++) {
      for (const node of model.fleet.nodes)
        if (!model.nodeAnswers(node, start + hour * 60 * MINUTE + 20 * MINUTE)) silent++
    }
    expect(silent).toBeGreaterThan(0)
    expect(silent / (48 * model.fleet.nodes.length)).toBeLessThan(0.02)
  })
})
