import { expect, it } from 'vitest'
import { fromLocal, toLocal, weekOf, weekWindow } from './week.ts'

const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())

it('a week is Monday to Monday by the clock of the site, not of UTC', () => {
  const window = weekWindow('2026-W48', 'Asia/Shanghai')
  expect([iso(window?.fromMs), iso(window?.toMs)]).toEqual([
    '2026-11-22T16:00:00.000Z',
    '2026-11-29T16:00:00.000Z',
  ])
  expect(weekOf(Date.parse('2026-11-22T15:59:00Z'), 'Asia/Shanghai')).toBe('2026-W47')
  expect(weekOf(Date.parse('2026-11-22T16:00:00Z'), 'Asia/Shanghai')).toBe('2026-W48')
})

it('2026 has a week 53, and years of weeks are not years of days', () => {
  expect(weekOf(Date.parse('2027-01-01T12:00:00Z'), 'UTC')).toBe('2026-W53')
  expect(weekOf(Date.parse('2025-12-29T12:00:00Z'), 'UTC')).toBe('2026-W01')
  expect(weekOf(Date.parse('2027-01-04T12:00:00Z'), 'UTC', 1)).toBe('2026-W53')
  expect(weekWindow('2026-W53', 'UTC')).not.toBeNull()
  for (const none of ['2025-W53', '2026-W00', '2026-W54', 'W3', '2026-48'])
    expect(weekWindow(none, 'UTC')).toBeNull()
})

it('the week in which clocks change is an hour longer, and local times find their moment', () => {
  const window = weekWindow('2026-W43', 'Europe/Berlin')
  expect(((window?.toMs ?? 0) - (window?.fromMs ?? 0)) / 3_600_000).toBe(169)
  const noon = Date.UTC(2026, 6, 1, 12)
  expect(iso(fromLocal(noon, 'Europe/Berlin'))).toBe('2026-07-01T10:00:00.000Z')
  expect(toLocal(fromLocal(noon, 'Europe/Berlin'), 'Europe/Berlin')).toBe(noon)
})
