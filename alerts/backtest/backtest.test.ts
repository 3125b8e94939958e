import { describe, expect, it } from 'vitest'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import type { ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { normalQuantile, seeded } from '../forecast/robust.ts'
import { backtestForecast, backtestZone } from './backtest.ts'
import { acceptanceText, type Backtest, backtestLines, figuresOf, shortfalls } from './report.ts'

const MONDAY = Date.UTC(2026, 0, 5)
const SLICE_MS = 300_000
const DAY_MS = 86_400_000
const CALENDAR = { utcOffsetMs: 0, holidays: new Set<string>() }

/** A fleet of 10,000; null = nobody knows anything of the slice. */
function slices(days: number, busyAt: (at: number) => number | null): ZoneSlice[] {
  const baseMs = BigInt(10_000 * SLICE_MS)
  return Array.from({ length: days * 288 }, (_, at) => {
    const busy = busyAt(at)
    return {
      fromMs: MONDAY + at * SLICE_MS,
      baseMs,
      knownMs: busy === null ? 0n : baseMs,
      busyX1000: BigInt(Math.round((busy ?? 0) * 10_000 * SLICE_MS)) * 1000n,
      sourceChangedMs: 0n,
    }
  })
}
const window = { rule: 'zone', fromMs: MONDAY + 2 * DAY_MS, toMs: MONDAY + 5 * DAY_MS }

describe('backtest of zones', () => {
  it('says when it would have paged, with the exact slice', () => {
    const dip = slices(5, (at) => (at >= 900 && at < 920 ? 0.5 : 0.8))
    const found = backtestZone(window, DEFAULT_ZONE_SET, [{ labels: {}, slices: dip }], 'UTC')
    const pages = found.told.filter(({ severity }) => severity === 'page')
    expect(pages).toHaveLength(1)
    // The third slice under the line ends here, and danger's own clearing ends it.
    const [page] = pages
    expect(page?.fromMs).toBeLessThanOrEqual(MONDAY + 903 * SLICE_MS)
    expect(page?.toMs).toBeGreaterThan(MONDAY + 920 * SLICE_MS)
    expect(found.judged).toBe(1)
    expect(figuresOf(found)).toMatchObject({ pages: 1, falsePagesPerWeek: null })
  })

  it('what nobody knows is not judged', () => {
    const dark = slices(5, (at) => (at >= 3 * 288 && at < 4 * 288 ? null : 0.8))
    const found = backtestZone(window, DEFAULT_ZONE_SET, [{ labels: {}, slices: dark }], 'UTC')
    expect(found.judged).toBeCloseTo(2 / 3, 6)
  })
})

describe('backtest of the forecast', () => {
  it('holds what it announced to what came', () => {
    const random = seeded(5)
    const noise = () => 0.002 * normalQuantile(0.01 + 0.98 * random())
    // A fall of 16 points in four hours on the fourth day, two hours at the bottom, an hour back.
    const begin = 3 * 288 + 100
    const depth = (at: number) =>
      at < begin || at > begin + 84
        ? 0
        : Math.min(0.16, ((at - begin) / 48) * 0.16, ((begin + 84 - at) / 12) * 0.16)
    const fall = slices(5, (at) => 0.71 + noise() - depth(at))
    const found = backtestForecast(
      { ...window, rule: 'forecast_zone' },
      DEFAULT_ZONE_SET,
      [{ labels: {}, slices: fall }],
      { calendar: CALENDAR },
    )
    expect(found).toMatchObject({ looksAhead: true, came: 1, missed: 0 })
    expect(figuresOf(found).medianLeadMinutes).toBeGreaterThan(0)
    expect(figuresOf(found).precision).toBe(1)
  })
})

describe('acceptance', () => {
  const told = (severity: 'page' | 'warn', leadMinutes: number | null) => ({
    scope: 'fleet',
    severity,
    fromMs: MONDAY,
    toMs: MONDAY + 3_600_000,
    leadMinutes,
  })
  const good: Backtest = {
    rule: 'forecast_zone',
    fromMs: MONDAY,
    toMs: MONDAY + 35 * DAY_MS,
    told: [
      told('page', 30),
      told('page', 25),
      told('warn', 90),
      told('warn', 22),
      told('page', null),
    ],
    judged: 1,
    looksAhead: true,
    came: 4,
    missed: 0,
  }

  it('meets the bar, and says what it did', () => {
    expect(shortfalls(good)).toEqual([])
    expect(acceptanceText(good)).toBe(
      'Backtest of forecast_zone, 2026-01-05T00:00Z to 2026-02-09T00:00Z, 100.0 % of it known: 3 pages (0.6 a week) and 2 milder alerts, 4 times the line was crossed, 0 of them unannounced, median lead 30 min, precision 0.80, 0.2 false pages a week. Meets the bar for paging.',
    )
    expect(acceptanceText(good).length).toBeLessThanOrEqual(1024)
    expect(backtestLines(good, 2)[0]).toBe('… 3 earlier')
  })

  it('names each thing that is missing', () => {
    const bad = { ...good, toMs: MONDAY + 7 * DAY_MS, came: 9, missed: 5, told: good.told.slice(3) }
    expect(shortfalls(bad)).toEqual([
      '7.0 days could be judged, 30 are asked for',
      'median lead 0 min, 20 are asked for',
      'precision 0.50, 0.8 is asked for',
    ])
  })
})
