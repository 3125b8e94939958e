import { describe, expect, it } from 'vitest'
import { hoursOf, seasonOf } from './season.ts'
import { learnable, SLICE_MS, SLICES_PER_WEEK } from './series.ts'

const MONDAY = Date.UTC(2026, 0, 5)
const HOUR_MS = 3_600_000
const WEEK_MS = SLICES_PER_WEEK * SLICE_MS
const UTC = { utcOffsetMs: 0, holidays: new Set<string>() }

/** Slices whose level is given by their time. */
const slices = (weeks: number, level: (atMs: number) => number) =>
  Array.from({ length: weeks * SLICES_PER_WEEK }, (_, at) => level(MONDAY + at * SLICE_MS))

describe('seasonal baseline', () => {
  it('is the median of the same hour of the week over the weeks before', () => {
    const byWeek = [0.5, 0.7, 0.9]
    const values = slices(3, (atMs) => byWeek[Math.floor((atMs - MONDAY) / WEEK_MS)] ?? 0)
    const season = seasonOf(hoursOf(MONDAY, values), MONDAY + 3 * WEEK_MS, UTC)
    expect(season(MONDAY + 3 * WEEK_MS + 5 * HOUR_MS)).toBeCloseTo(0.7, 9)
  })

  it('does not look at what lies after the moment it is asked at', () => {
    const values = slices(2, (atMs) => (atMs < MONDAY + WEEK_MS ? 0.5 : 0.9))
    const season = seasonOf(hoursOf(MONDAY, values), MONDAY + WEEK_MS, UTC)
    expect(season(MONDAY + WEEK_MS + 30 * HOUR_MS)).toBeCloseTo(0.5, 9)
  })

  it('knows nothing before its first week is full', () => {
    const values = slices(1, () => 0.7).slice(0, 500)
    const season = seasonOf(hoursOf(MONDAY, values), MONDAY + 500 * SLICE_MS, UTC)
    expect(season(MONDAY + 500 * SLICE_MS)).toBeNull()
  })

  it('a holiday is like a Sunday, and teaches nothing about its weekday', () => {
    const isSunday = (atMs: number) => Math.floor((atMs - MONDAY) / 86_400_000) % 7 === 6
    const values = slices(3, (atMs) => (isSunday(atMs) ? 0.4 : 0.8))
    const asked = MONDAY + 3 * WEEK_MS + 86_400_000
    const hours = hoursOf(MONDAY, values)
    const onHoliday = { utcOffsetMs: 0, holidays: new Set(['2026-01-27']) }
    expect(seasonOf(hours, asked, UTC)(asked + 12 * HOUR_MS)).toBeCloseTo(0.8, 9)
    expect(seasonOf(hours, asked, onHoliday)(asked + 12 * HOUR_MS)).toBeCloseTo(0.4, 9)
  })

  it('an outage is found by itself and dropped with its edges', () => {
    const readings = slices(1, () => 0.7).map((utilization, at) => ({
      utilization: at >= 600 && at < 900 ? 0.01 : utilization,
      coverage: 1,
    }))
    const values = learnable({ fromMs: MONDAY, readings })
    expect(values.slice(600, 900).every((value) => value === null)).toBe(true)
    expect([values[599], values[900], values[587], values[913]]).toEqual([null, null, 0.7, 0.7])
  })

  it('what is known by less than 95 % is not learned from', () => {
    const readings = [
      { utilization: 0.7, coverage: 0.96 },
      { utilization: 0.2, coverage: 0.94 },
      { utilization: null, coverage: 0 },
    ]
    expect(learnable({ fromMs: MONDAY, readings })).toEqual([0.7, null, null])
  })
})
