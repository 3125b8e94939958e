import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import { Roster } from '#schemas/alerts/roster-config.ts'
import { drillReport } from '#schemas/alerts/drill-report.ts'
import { drillNotifications } from './drill.ts'
import { nextOnCall, onCallAt, shiftAt } from './rotation.ts'
import { configWarnings } from './warnings.ts'

const people = [{ name: 'Ada' }, { name: 'Wang Lei' }, { name: 'Li Na' }]
const roster = Roster.parse({
  people,
  rotation: { people: ['Ada', 'Wang Lei', 'Li Na'], starts: '2026-11-04' },
})
const SHANGHAI = 'Asia/Shanghai'
const shanghai = (text: string) => Date.parse(`${text}+08:00`)
const at = (text: string) => ({ atMs: shanghai(text), timeZone: SHANGHAI })

describe('the rotation', () => {
  it.each([
    ['2026-11-02T09:00:00', 'Ada'],
    ['2026-11-09T08:59:59', 'Ada'],
    ['2026-11-09T09:00:00', 'Wang Lei'],
    ['2026-11-16T09:00:00', 'Li Na'],
    ['2026-11-23T09:00:00', 'Ada'],
    ['2026-11-02T08:59:59', 'Li Na'],
  ])('at %s: %s', (when, person) => {
    expect(onCallAt(roster, [], at(when))?.person).toBe(person)
  })

  it('hands over by the clock on the wall when clocks change', () => {
    const rotation = { ...roster.rotation, people: ['Ada', 'Wang Lei'], starts: '2026-03-23' }
    const { rotation: berlin } = Roster.parse({ people, rotation })
    if (berlin === undefined) throw new Error('no rotation')
    const first = shiftAt(berlin, Date.UTC(2026, 2, 23, 12), 'Europe/Berlin')
    const shifts = [first, shiftAt(berlin, first.toMs, 'Europe/Berlin')]
    // Summer time begins on 29 March 2026: that week is an hour short.
    expect(shifts.map(({ fromMs, toMs }) => (toMs - fromMs) / 3_600_000)).toEqual([167, 168])
    expect(new Date(shifts[1]?.fromMs ?? 0).toISOString()).toBe('2026-03-30T07:00:00.000Z')
  })

  it('covers every moment once, whatever the zone', () => {
    const zones = fc.constantFrom('UTC', SHANGHAI, 'America/New_York', 'Australia/Lord_Howe')
    const { rotation } = roster
    if (rotation === undefined) throw new Error('no rotation')
    fc.assert(
      fc.property(fc.integer({ min: 1.6e12, max: 2e12 }), zones, (atMs, timeZone) => {
        const shift = shiftAt(rotation, atMs, timeZone)
        expect(shift.fromMs <= atMs && atMs < shift.toMs).toBe(true)
        expect(shiftAt(rotation, shift.toMs, timeZone).fromMs).toBe(shift.toMs)
        expect(shiftAt(rotation, shift.fromMs - 1, timeZone).toMs).toBe(shift.fromMs)
      }),
    )
  })

  it('gives way to an override, and the one it stands in for is asked next', () => {
    const override = {
      id: 'o1',
      person: 'Li Na',
      from_ms: shanghai('2026-11-03T00:00:00'),
      to_ms: shanghai('2026-11-04T00:00:00'),
    }
    const now = at('2026-11-03T03:00:00')
    const onCall = onCallAt(roster, [override], now)
    expect(onCall).toEqual({ person: 'Li Na', by: 'override', untilMs: override.to_ms })
    expect(nextOnCall(roster, onCall, now)).toBe('Ada')
    expect(nextOnCall(roster, onCallAt(roster, [], now), now)).toBe('Wang Lei')
    expect(onCallAt(Roster.parse({}), [], now)).toBeNull()
  })
})

const config = AlertsConfig.parse({
  public_url: 'https://p.example',
  time_zone: SHANGHAI,
  allowed_hosts: [{ host: 'a.example' }],
  channels: [
    { name: 'phone', kind: 'pagerduty', secret_env: 'K', rings: true },
    { name: 'chat', kind: 'slack', target_env: 'S' },
  ],
  routes: [
    { rules: ['leak'], channels: ['phone'] },
    { severities: ['page'], channels: ['chat', 'phone'], mention_on_call: true },
    { channels: ['chat'] },
  ],
  roster,
})

describe('what a file leaves open', () => {
  const codes = (change: Partial<AlertsConfig>) =>
    configWarnings({ ...config, ...change }).map(({ code }) => code)

  it('is said: no ringing channel for pages, no route for them, nobody on call, no watcher', () => {
    expect(codes({})).toEqual(['no_heartbeat'])
    const silent = config.channels.map((channel) => ({ ...channel, rings: false }))
    expect(codes({ channels: silent, escalation: [] })).toContain('no_ringing')
    expect(
      codes({ routes: [{ severities: ['ticket'], channels: ['chat'], mention_on_call: false }] }),
    ).toContain('no_page_route')
    expect(codes({ roster: Roster.parse({}) })).toContain('nobody_on_call')
    expect(codes({ routes: config.routes.slice(0, 1), escalation: [] })).toContain('unused_channel')
    expect(codes({ channels: [] })).toEqual([])
  })
})

describe('a drill', () => {
  const nowMs = shanghai('2026-11-03T03:00:00')
  const notes = drillNotifications(config, { nowMs, random: 0.5, overrides: [] })

  it('is a page marked DRILL to each channel of pages, for who is on call', () => {
    expect(notes.map(({ channel, reason, mention }) => [channel, reason, mention])).toEqual([
      ['chat', 'drill', 'Ada'],
      ['phone', 'drill', 'Ada'],
    ])
    expect(notes[0]?.lines.en[0]).toContain('DRILL')
    expect(notes[0]?.lines.zh[0]).toContain('DRILL')
    expect(new Set(notes.map(({ group }) => group)).size).toBe(1)
    expect(drillNotifications(config, { nowMs, random: 0.6, overrides: [] })[0]?.id).not.toBe(
      notes[0]?.id,
    )
  })

  it('reports how soon each channel took it and somebody answered', () => {
    const [chat] = notes
    if (chat === undefined) throw new Error('no drill')
    const result = {
      id: chat.id,
      channel: 'chat',
      at_ms: nowMs + 400,
      attempt: 1,
      outcome: 'accepted' as const,
      status: 200,
      detail: 'accepted',
      next_ms: null,
      receipt: '',
    }
    const ack = {
      group: chat.group,
      at_ms: nowMs + 95_000,
      until_ms: nowMs + 1e7,
      who: 'Ada',
      comment: '',
    }
    expect(drillReport(notes, [result], [])).toMatchObject({ acknowledgedAfterMs: null })
    expect(drillReport(notes, [result], [ack])).toMatchObject({
      channels: [
        { channel: 'chat', acceptedAfterMs: 400, attempts: 1 },
        { channel: 'phone', acceptedAfterMs: null, attempts: 0 },
      ],
      acknowledgedAfterMs: 95_000,
      who: 'Ada',
    })
  })
})
