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

  it('crosses 60 % in the incident and is back after eight minutes, whatever the hour', () => {
    for (const seed of [1, 2]) {
      for (let hour = 0; hour < 24; hour += 3) {
        const at = start + hour * 60 * MINUTE + 7_000
        const lastMinute = (endMs: number) => {
          const ticks = Array.from({ length: 6 }, (_, i) => endMs - (i + 1) * 10_000)
          return ticks.reduce((sum, ms) => sum + utilization(seed, ms, at), 0) / ticks.length
        }
        const name = `seed ${seed} hour ${hour}`
        expect(lastMinute(at + 5 * MINUTE), name).toBeLessThan(0.6)
        expect(lastMinute(at + INCIDENT_MS), name).toBeGreaterThan(0.6)
      }
    }
    expect(incidentAt(INCIDENT_MS).caption).toBeNull()
  })

  it('stays silent, wrong or faulty in the same few places, never where the incident plays', () => {
    const model = createFleetModel(buildFleet(2048, 1), start)
    const { silent, failing, garbled, faulty } = model.troubles
    const nodes = [silent?.node, failing?.node, garbled, faulty.device.node]
    expect(new Set(nodes).size).toBe(4)
    expect(nodes.every((node) => node?.hall === 'hall-a2')).toBe(true)
    const answering = (atMs: number) => nodes.map((node) => node && model.nodeAnswers(node, atMs))
    expect(answering(start).slice(0, 2)).toEqual([false, false])
    expect(answering(start + 48 * 60 * MINUTE).slice(0, 2)).toEqual([false, false])
    expect(silent && model.nodeAnswers(silent.node, silent.sinceMs - MINUTE)).toBe(true)
    const small = createFleetModel(buildFleet(64, 1), start).troubles
    expect([small.silent, small.failing]).toEqual([null, null])
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
