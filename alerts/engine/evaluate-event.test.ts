import { describe, expect, it } from 'vitest'
import type { Alert } from '#schemas/alerts/alert.ts'
import type { FleetEvent } from '#schemas/alerts/ports.ts'
import type { EventRule } from '#schemas/alerts/rule.ts'
import { eventRule, faultEvent } from './engine.testing.ts'
import { evaluateEvents, type EventMemory, type Standing } from './evaluate-event.ts'

const START = 1_800_000_000_000
const NOWHERE: ReadonlyMap<string, Standing> = new Map()

function player(rule: EventRule, standing: ReadonlyMap<string, Standing> = NOWHERE) {
  const alerts = new Map<string, Alert>()
  let memory: EventMemory = new Map()
  return (events: readonly FleetEvent[], nowMs: number, stopped: readonly string[] = []) => {
    const input = { events, standing, stopped: new Set(stopped) }
    const done = evaluateEvents(rule, input, { alerts, memory }, nowMs)
    memory = done.memory
    for (const alert of done.alerts) alerts.set(alert.fingerprint, alert)
    return [...alerts.values()].map(({ state, severity }) => `${state} ${severity}`)
  }
}

describe('an event rule', () => {
  it('fires on arrival, once for the same event, and ends with its closing edge', () => {
    const play = player(eventRule())
    const open = faultEvent('d1', START)
    expect(play([open, open], START + 10)).toEqual(['firing ticket'])
    expect(play([faultEvent('d1', START + 5_000, { edge: 'closed' })], START + 5_010)).toEqual([
      'resolved ticket',
    ])
    expect(play([open], START + 20_000), 'it comes again from the table').toEqual([
      'resolved ticket',
    ])
    expect(play([faultEvent('d1', START + 30_000)], START + 30_010)).toEqual(['firing ticket'])
  })

  it('ends by itself when it is not reported again', () => {
    const play = player(eventRule({ ends_after: 60 }))
    play([faultEvent('d1', START, { edge: 'point' })], START)
    expect(play([], START + 59_000)).toEqual(['firing ticket'])
    expect(play([], START + 60_000)).toEqual(['resolved ticket'])
  })

  it('other types open nothing, and neither does what is long past', () => {
    const play = player(eventRule({ ends_after: 3600 }))
    expect(play([faultEvent('d1', START, { type: 'health' })], START)).toEqual([])
    expect(play([faultEvent('d1', START - 3_601_000, { edge: 'point' })], START)).toEqual([])
  })

  it('pages with the third device of a rack within the hour, for all of them', () => {
    const standing = new Map(
      ['d1', 'd2', 'd3', 'd4'].map((one) => [one, { rack: one === 'd4' ? 'r2' : 'r1' }]),
    )
    const rule = eventRule({ escalate: { devices: 3, within: 'rack' } })
    const play = player(rule, standing)
    expect(play([faultEvent('d1', START), faultEvent('d4', START)], START)).toEqual([
      'firing ticket',
      'firing ticket',
    ])
    play([faultEvent('d2', START + 1_000)], START + 1_000)
    const all = play([faultEvent('d3', START + 2_000)], START + 2_000)
    expect(all.filter((one) => one === 'firing page').length).toBe(3)
    expect(all.filter((one) => one === 'firing ticket').length).toBe(1)
  })

  it('pages when it stopped a large job: at once if fatal, else when the job is gone', () => {
    const standing = new Map([['d1', { rack: 'r1', job: '7', job_devices: '512' }]])
    const rule = eventRule({ escalate: { job_devices: 256 } })
    expect(player(rule, standing)([faultEvent('d1', START, { severity: 'fatal' })], START)).toEqual(
      ['firing page'],
    )
    const alerts = new Map<string, Alert>()
    const first = evaluateEvents(
      rule,
      { events: [faultEvent('d1', START)], standing, stopped: new Set() },
      { alerts, memory: new Map() },
      START,
    )
    const [alert] = first.alerts
    if (alert === undefined) throw new Error('no alert')
    expect(alert.severity).toBe('ticket')
    alerts.set(alert.fingerprint, alert)
    const second = evaluateEvents(
      rule,
      { events: [], standing, stopped: new Set([alert.fingerprint]) },
      { alerts, memory: first.memory },
      START + 60_000,
    )
    expect(second.alerts[0]?.severity).toBe('page')
  })
})
