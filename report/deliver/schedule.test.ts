import { expect, it } from 'vitest'
import { ReportsConfig } from '#schemas/report/delivery-config.ts'
import { createCalendar } from '../calendar.ts'
import { dueAt, dueMs } from './schedule.ts'

const dueOf = (zone: string, id: string, reports: object = {}) => {
  const calendar = createCalendar(zone)
  return new Date(dueMs(calendar.period(id), ReportsConfig.parse(reports), calendar)).toISOString()
}

it.each([
  ['Asia/Shanghai', '2026-W47', {}, '2026-11-23T00:07:00.000Z'],
  ['Asia/Shanghai', '2026-W53', {}, '2027-01-04T00:07:00.000Z'],
  ['Asia/Shanghai', '2026-10', {}, '2026-11-01T00:07:00.000Z'],
  [
    'Asia/Shanghai',
    '2026-W47',
    { schedule: { day: 'wed', at: '23:30' } },
    '2026-11-25T15:30:00.000Z',
  ],
  // Never before late data had its six hours.
  ['Asia/Shanghai', '2026-W47', { schedule: { at: '00:30' } }, '2026-11-22T22:00:00.000Z'],
  ['Asia/Kolkata', '2026-W47', {}, '2026-11-23T02:37:00.000Z'],
  // Clocks change on Sundays at 02:00: 08:07 stays 08:07.
  ['America/New_York', '2026-W10', { schedule: { day: 'sun' } }, '2026-03-15T12:07:00.000Z'],
  ['America/New_York', '2026-W09', { schedule: { day: 'sun' } }, '2026-03-08T12:07:00.000Z'],
  ['America/New_York', '2026-W43', { schedule: { day: 'sun' } }, '2026-11-01T13:07:00.000Z'],
  // 02:30 does not exist on that day.
  [
    'America/New_York',
    '2026-W09',
    { schedule: { day: 'sun', at: '02:30' } },
    '2026-03-08T06:30:00.000Z',
  ],
] as const)('in %s %s is due at the site’s own time', (zone, id, reports, expected) => {
  expect(dueOf(zone, id, reports)).toBe(expected)
})

it('a schedule late in the week keeps the week before due until then', () => {
  const calendar = createCalendar('Asia/Shanghai')
  const reports = ReportsConfig.parse({ schedule: { day: 'sun', at: '23:00' }, monthly: true })
  const at = (text: string) => {
    const { due, nextMs } = dueAt(Date.parse(text), reports, calendar)
    return [...due.map(({ period }) => period.id), new Date(nextMs).toISOString()]
  }
  expect(at('2026-11-25T00:00:00Z')).toEqual(['2026-W46', '2026-10', '2026-11-29T15:00:00.000Z'])
  expect(at('2026-11-29T15:00:00Z')).toEqual(['2026-W47', '2026-10', '2026-12-01T15:00:00.000Z'])
})
