import { describe, expect, it } from 'vitest'
import {
  heliosFit,
  heliosHours,
  heliosMinutes,
  heliosSlices,
  isHeliosHere,
  may,
  naiveErrors,
  ourErrors,
} from './helios.testing.ts'
import { crossingsOf } from './replay.ts'
import { seriesOf } from './series.ts'

if (!isHeliosHere)
  console.warn('shared/traces is not beside the checkout: the forecast is not tried on Helios')

describe.runIf(isHeliosHere)('Helios: learned on W18 to W20, judged on W21 and W22', () => {
  const minutes = heliosMinutes()
  const hours = heliosHours(minutes)
  const slices = heliosSlices(minutes)
  const series = seriesOf(slices)
  const fit = heliosFit(slices)

  it('the naive forecasts are those of EXPECTED 1.4, to the last digit', () => {
    const [w21, w22] = [naiveErrors(hours, 18), naiveErrors(hours, 25)]
    expect(w21.lastHour.toFixed(6)).toBe('0.014613')
    expect(w21.yesterday.toFixed(6)).toBe('0.050717')
    expect(w22.lastHour.toFixed(6)).toBe('0.016609')
    expect(w22.yesterday.toFixed(6)).toBe('0.071192')
    expect(w22.lastWeek.toFixed(6)).toBe('0.093975')
    expect(w22.lastWeekBias.toFixed(6)).toBe('-0.091355')
  })

  it('ours is closer than the last hour repeated in both weeks, and answers every hour', () => {
    for (const monday of [18, 25]) {
      const ours = ourErrors(series, fit, { hours, monday })
      expect(ours.misses).toBe(0)
      expect(ours.median).toBeLessThan(naiveErrors(hours, monday).lastHour)
    }
  })

  it('the danger line is crossed when EXPECTED 1.3 says', () => {
    const late = slices.filter(({ fromMs }) => fromMs >= may(25))
    // It prints the last minute of the third slice; here it is the end of the first.
    const fired = crossingsOf(seriesOf(late), 0.6).map(({ atMs }) => atMs + 2 * 300_000 - 60_000)
    const at = (day: number, hour: number, minute: number) =>
      may(day) + (hour * 60 + minute) * 60_000
    expect(fired).toEqual([at(30, 11, 39), at(31, 4, 4)])
    const calm = slices.filter(({ fromMs }) => fromMs >= may(18) && fromMs < may(25))
    expect(crossingsOf(seriesOf(calm), 0.6)).toEqual([])
  })

  it('the outage of 10 May teaches nothing', () => {
    const hour = may(24) + 12 * 3_600_000
    expect(fit.baseline(hour)).toBeGreaterThan(0.5)
  })
})
