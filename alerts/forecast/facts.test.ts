import { describe, expect, it } from 'vitest'
import type { SchedulerFacts } from '#schemas/alerts/scheduler-facts.ts'
import { knownFacts, limitUseOf, refillsOf } from './facts.ts'
import { NOTHING_KNOWN } from './known.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const HOUR_MS = 3_600_000
const NOTHING_PLANNED = { outages: [], utilization: null }
const ended = (
  hours: number,
  devices: number,
  more: Partial<SchedulerFacts['ended'][number]> = {},
) => ({
  account: '',
  tenant: 'atlas',
  queue: 'large',
  devices,
  startedMs: NOW - (hours + 9) * HOUR_MS,
  endedMs: NOW - hours * HOUR_MS,
  limitMs: 12 * HOUR_MS,
  ...more,
})

describe('known facts from what schedulers tell', () => {
  it('without a scheduler nothing is known', () => {
    expect(knownFacts(null, NOTHING_PLANNED)).toEqual(NOTHING_KNOWN)
  })

  it('drains and maintenance to come take what their devices would be busy with', () => {
    const outage = { name: 'cable', devices: 512, fromMs: NOW + HOUR_MS, toMs: null }
    const window = { ...outage, name: 'pump of loop 4', toMs: NOW + 5 * HOUR_MS }
    const { plans } = knownFacts(null, {
      outages: [
        { ...outage, kind: 'drain' },
        { ...window, kind: 'maintenance' },
      ],
      utilization: 0.8,
    })
    const common = { devices: 512, utilization: 0.8, fromMs: NOW + HOUR_MS }
    expect(plans).toEqual([
      { ...common, name: 'drain: cable', toMs: null },
      { ...common, name: 'pump of loop 4', toMs: NOW + 5 * HOUR_MS },
    ])
  })

  it('jobs run with the share of their devices that is busy; who waits gets that of its tenant', () => {
    const running = (tenant: string, devices: number, busyDevices: number) => ({
      job: `job of ${tenant}`,
      cluster: 'east',
      tenant,
      queue: 'large',
      devices,
      busyDevices,
      startedMs: NOW - HOUR_MS,
      limitMs: 24 * HOUR_MS,
    })
    const waiting = (tenant: string) => ({
      job: `next of ${tenant}`,
      tenant,
      queue: 'large',
      devices: 64,
      tasks: 1,
      submittedMs: NOW,
    })
    const told = {
      running: [running('atlas', 100, 90), running('ember', 100, 30)],
      waiting: [waiting('ember'), waiting('delta')],
      free: [
        { hall: 'h1', pool: 'main', devices: 10.6 },
        { hall: 'h2', pool: 'main', devices: 2.7 },
      ],
      ended: [],
      begun: [],
    }
    const facts = knownFacts(told, NOTHING_PLANNED)
    expect(facts.jobs.map(({ utilization, limitMs }) => [utilization, limitMs])).toEqual([
      [0.9, 24 * HOUR_MS],
      [0.3, 24 * HOUR_MS],
    ])
    expect(facts.waiting.map(({ utilization }) => utilization)).toEqual([0.3, 0.6])
    expect(facts.freeDevices).toBe(13)
    expect(facts.refills).toEqual([])
  })

  it('uses of limits are told by tenant and queue, ascending; runs without a limit tell nothing', () => {
    const runs = [
      ended(1, 8),
      ended(2, 8, { startedMs: NOW - 5 * HOUR_MS }),
      ended(3, 8, { limitMs: null }),
      ended(4, 8, { tenant: 'ember', startedMs: NOW - 40 * HOUR_MS }),
    ]
    expect(limitUseOf(runs)).toEqual([
      { tenant: 'atlas', queue: 'large', ratios: [0.25, 0.75] },
      { tenant: 'ember', queue: 'large', ratios: [1] },
    ])
  })

  it('work that was not waiting yet follows as often as it did', () => {
    const ends = [2, 4, 6, 8, 10].map((hours) => ended(hours, 100))
    const begun = ends.map(({ endedMs }, at) => ({
      devices: 80,
      startedMs: endedMs + 600_000,
      // Every other one came three hours before, the others ten minutes.
      submittedMs: endedMs - (at % 2 === 0 ? 3 * HOUR_MS : 600_000),
    }))
    const shares = new Map(
      refillsOf(ends, begun).map(({ aheadMs, share }) => [aheadMs / HOUR_MS, share]),
    )
    expect(shares.get(0.5)).toBeCloseTo((2 / 5) * 0.8)
    expect(shares.get(2)).toBeCloseTo((2 / 5) * 0.8)
    expect(shares.get(4)).toBeCloseTo(0.8)
    expect(refillsOf(ends.slice(0, 4), begun)).toEqual([])
    // Nothing that began later than half an hour took what they left.
    expect(
      refillsOf(
        ends,
        begun.map((run) => ({ ...run, startedMs: run.startedMs + HOUR_MS / 2 })),
      )[5]?.share,
    ).toBe(0)
  })
})
