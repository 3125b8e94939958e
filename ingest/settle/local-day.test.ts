import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLocalDays } from './local-day.ts'

const HOUR = 3_600_000
const hours = (zone: string, at: string) => {
  const day = createLocalDays(zone)(Date.parse(at))
  return [day.date, (day.endMs - day.startMs) / HOUR]
}

describe("a site's local day", () => {
  it('starts at its own midnight', () => {
    expect(createLocalDays('Asia/Shanghai')(Date.UTC(2026, 0, 3, 16))).toEqual({
      date: '2026-01-04',
      startMs: Date.UTC(2026, 0, 3, 16),
      endMs: Date.UTC(2026, 0, 4, 16),
    })
  })

  it('has 23 or 25 hours where clocks change, at midnight too', () => {
    expect(hours('Europe/Berlin', '2026-03-29T12:00:00Z')).toEqual(['2026-03-29', 23])
    expect(hours('Europe/Berlin', '2026-10-25T12:00:00Z')).toEqual(['2026-10-25', 25])
    expect(hours('America/Santiago', '2026-09-06T12:00:00Z')).toEqual(['2026-09-06', 23])
    expect(hours('Asia/Kolkata', '2026-09-06T12:00:00Z')).toEqual(['2026-09-06', 24])
  })

  it('covers time without holes or overlaps in any zone', () => {
    const zones = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Auckland']
    const someTime = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) })
    fc.assert(
      fc.property(fc.constantFrom(...zones), someTime, (zone, ms) => {
        const dayOf = createLocalDays(zone)
        const day = dayOf(ms)
        expect(day.startMs).toBeLessThanOrEqual(ms)
        expect(day.endMs).toBeGreaterThan(ms)
        expect(createLocalDays(zone)(day.endMs).startMs).toBe(day.endMs)
        expect(createLocalDays(zone)(day.startMs - 1).endMs).toBe(day.startMs)
      }),
    )
  })
})
