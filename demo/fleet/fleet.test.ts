import { describe, expect, it } from 'vitest'
import { INCIDENT_MS, incidentAt } from './incident.ts'
import { buildFleet } from './layout.ts'
import { createFleetModel, type FleetModel } from './state.ts'

const MINUTE = 60_000
const SLICE_MS = 5 * MINUTE
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

/** Utilization if all that do not answer were busy: what a page goes by. */
function busyAtMost(model: FleetModel, atMs: number, incidentMs: number): number {
  const { busy, present } = model.tick(atMs, incidentMs)
  return busy.reduce((sum, value, i) => sum + (present[i] === 1 ? value : 1), 0) / busy.length
}

const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length

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

  it('crosses 60 % in the incident, long enough for a page wherever slices begin, and is back, whatever the hour', () => {
    for (const seed of [1, 2]) {
      for (let hour = 0; hour < 24; hour += 6) {
        // Slices are five minutes of the clock: the incident begins with one, or up to four minutes into one.
        for (const into of [0, 2, 4]) {
          const at = start + (hour * 60 + into) * MINUTE + 7_000
          const model = createFleetModel(buildFleet(2048, seed), at)
          const slices = Array.from({ length: 7 }, (_, i) => {
            const fromMs = start + hour * 60 * MINUTE + i * SLICE_MS
            return mean(
              Array.from({ length: 10 }, (__, tick) =>
                busyAtMost(model, fromMs + tick * 30_000, at),
              ),
            )
          })
          const name = `seed ${seed} hour ${hour} into ${into}: ${slices.join(' ')}`
          const first = slices.findIndex((share) => share < 0.6)
          expect(first, name).toBeGreaterThanOrEqual(0)
          expect(Math.max(...slices.slice(first, first + 3)), name).toBeLessThan(0.6)
          expect(slices.at(-1), name).toBeGreaterThan(0.6)
        }
      }
    }
    expect(incidentAt(INCIDENT_MS).caption).toBeNull()
    expect(incidentAt(INCIDENT_MS - 1).caption?.en).toContain('Recovered')
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
