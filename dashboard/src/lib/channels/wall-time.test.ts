import { expect, it } from 'vitest'
import { wallTime, wallTimeMs } from './wall-time.ts'

it('reads a typed time by the clock of the site, on both sides of a change of clocks', () => {
  expect(wallTimeMs('2026-11-24T18:00', 'Asia/Shanghai')).toBe(Date.UTC(2026, 10, 24, 10))
  expect(wallTimeMs('2026-07-01T09:00', 'America/New_York')).toBe(Date.UTC(2026, 6, 1, 13))
  expect(wallTimeMs('2026-12-01T09:00', 'America/New_York')).toBe(Date.UTC(2026, 11, 1, 14))
  // 02:30 does not exist on that morning.
  expect(wallTimeMs('2026-03-08T02:30', 'America/New_York')).toBe(Date.UTC(2026, 2, 8, 6, 30))
  expect(wallTimeMs('tomorrow', 'UTC')).toBeNull()
})

it('writes what it reads', () => {
  for (const zone of ['UTC', 'Asia/Shanghai', 'America/New_York'])
    for (const ms of [Date.UTC(2026, 0, 1), Date.UTC(2026, 6, 31, 23, 59)])
      expect(wallTimeMs(wallTime(ms, zone), zone)).toBe(ms)
})
