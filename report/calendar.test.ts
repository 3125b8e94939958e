import { assert, constantFrom, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCalendar, isoWeekOf } from './calendar.ts'

const HOUR_MS = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()
const shanghai = createCalendar('Asia/Shanghai')

describe('weeks of the site', () => {
  it('begin on Monday 00:00 in Shanghai, which is Sunday 16:00 UTC', () => {
    const { fromMs, toMs } = shanghai.period('2026-W47')
    expect([iso(fromMs), iso(toMs)]).toEqual([
      '2026-11-15T16:00:00.000Z',
      '2026-11-22T16:00:00.000Z',
    ])
    expect(shanghai.holding('week', toMs - 1).id).toBe('2026-W47')
    expect(shanghai.holding('week', toMs).id).toBe('2026-W48')
    expect(shanghai.lastWhole(toMs).id).toBe('2026-W47')
    expect(shanghai.lastWhole(toMs - 1).id).toBe('2026-W46')
  })

  it('cross the ends of years as ISO 8601 says, and 2026 has a week 53', () => {
    const at = (date: string) => shanghai.holding('week', Date.parse(`${date}T12:00:00+08:00`)).id
    expect([
      at('2025-12-29'),
      at('2026-12-27'),
      at('2026-12-28'),
      at('2027-01-03'),
      at('2027-01-04'),
    ]).toEqual(['2026-W01', '2026-W52', '2026-W53', '2026-W53', '2027-W01'])
    expect(shanghai.before(shanghai.period('2027-W01')).id).toBe('2026-W53')
    expect(() => shanghai.period('2027-W53')).toThrow(
      expect.objectContaining({ code: 'E_REPORT_PERIOD' }),
    )
    expect(() => shanghai.period('2026-W00')).toThrow(/no period/)
  })

  it('have 167 and 169 hours where clocks change, and capacity goes by them', () => {
    const berlin = createCalendar('Europe/Berlin')
    const hours = (id: string) => {
      const { fromMs, toMs } = berlin.period(id)
      return (toMs - fromMs) / HOUR_MS
    }
    expect([hours('2026-W13'), hours('2026-W14'), hours('2026-W43')]).toEqual([167, 168, 169])
    // Lord Howe changes by half an hour, Cairo at midnight itself.
    const howe = createCalendar('Australia/Lord_Howe').period('2026-W40')
    expect((howe.toMs - howe.fromMs) / HOUR_MS).toBe(167.5)
    const cairo = createCalendar('Africa/Cairo').period('2026-04-24..2026-04-24')
    expect((cairo.toMs - cairo.fromMs) / HOUR_MS).toBe(23)
  })
})

describe('months and ranges', () => {
  it('are of local days, the last included, and have one before them', () => {
    const month = shanghai.period('2026-03')
    expect([iso(month.fromMs), iso(month.toMs)]).toEqual([
      '2026-02-28T16:00:00.000Z',
      '2026-03-31T16:00:00.000Z',
    ])
    expect(shanghai.before(shanghai.period('2026-01')).id).toBe('2025-12')
    expect(shanghai.before(shanghai.period('2026-11-03..2026-11-09')).id).toBe(
      '2026-10-27..2026-11-02',
    )
    expect(shanghai.before(shanghai.period('2026-W03'), 4).id).toBe('2025-W51')
  })

  it.each([
    '',
    '2026',
    '2026-13',
    '2026-00',
    '2026-02-30..2026-03-01',
    '2026-03-02..2026-03-01',
    '1970-01',
    '2026-01-01..2029-01-01',
    '2026-W47x',
  ])('%j is none', (id) => expect(() => shanghai.period(id)).toThrow(/is no period/))
})

it('any moment is in the week of its local date, and weeks follow one another without a gap', () => {
  const zones = [
    'Asia/Shanghai',
    'Europe/Berlin',
    'America/New_York',
    'Pacific/Apia',
    'Asia/Kathmandu',
    'UTC',
  ]
  const calendars = new Map(zones.map((zone) => [zone, createCalendar(zone)]))
  const dates = new Map(
    zones.map((zone) => [
      zone,
      new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }),
    ]),
  )
  assert(
    property(
      constantFrom(...zones),
      integer({ min: 946_900_000, max: 4_102_444_800 }),
      (zone, second) => {
        const calendar = calendars.get(zone) ?? shanghai
        const period = calendar.holding('week', second * 1000)
        expect(period.fromMs).toBeLessThanOrEqual(second * 1000)
        expect(period.toMs).toBeGreaterThan(second * 1000)
        const { year, week } = isoWeekOf(
          Date.parse(dates.get(zone)?.format(second * 1000) ?? '') / 86_400_000,
        )
        expect(period.id).toBe(`${year}-W${String(week).padStart(2, '0')}`)
        expect(calendar.period(period.id)).toEqual(period)
        expect(calendar.before(period).toMs).toBe(period.fromMs)
      },
    ),
  )
})
