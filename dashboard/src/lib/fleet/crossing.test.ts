import { describe, expect, it } from 'vitest'
import { ForecastAnswer } from '#schemas/api-forecast.ts'
import { nowAt, type StubForecast } from '../../../testing/stub-now.ts'
import { aheadLines } from './ahead.ts'
import { causeOf, crossingOf, firstForecast, learningOf } from './crossing.ts'

const NOW = Date.parse('2026-11-22T08:00:00Z')
const told = (story: StubForecast) =>
  ForecastAnswer.parse(
    nowAt('forecast', new URLSearchParams(), { nowMs: NOW, forecast: story })?.body,
  )
const first = (story: StubForecast) => firstForecast(told(story))

describe('the next crossing', () => {
  it('is told with its interval and the job it hangs on', () => {
    const crossing = crossingOf(first('crossing'), null)
    expect(crossing).toEqual({
      kind: 'at',
      atMs: NOW + 6_600_000,
      fromMs: NOW + 3_000_000,
      toMs: NOW + 15_000_000,
    })
    expect(causeOf(first('crossing'))?.name).toBe('48213')
  })

  it('none, nobody looks, and below the line are three things', () => {
    expect(crossingOf(first('none'), null).kind).toBe('none')
    expect(crossingOf(first('away'), null).kind).toBe('unknown')
    const forecast = first('none')
    if (forecast === null) throw new Error('there is one')
    expect(crossingOf({ ...forecast, now: 0.59 }, null).kind).toBe('below')
    const to_line_at = { ...forecast.to_line_at, low: '2026-11-22T12:00:00Z' }
    expect(crossingOf({ ...forecast, to_line_at }, null)).toMatchObject({ kind: 'unlikely' })
  })

  it('is below or above the line as the newest minute is, not as it was when the forecast was made', () => {
    const forecast = first('none')
    if (forecast === null) throw new Error('there is one')
    expect(crossingOf(forecast, 0.58).kind).toBe('below')
    expect(crossingOf({ ...forecast, now: 0.5 }, 0.72)).toEqual({
      kind: 'back',
      madeMs: Date.parse(forecast.made_at),
    })
    expect(crossingOf({ ...forecast, now: 0.5 }, forecast.line - 0.001).kind).toBe('below')
  })

  it('says how much was learned only while that is short of the whole', () => {
    expect(learningOf(first('learning'))).toEqual({ days: 3, of: 28 })
    expect(learningOf(first('none'))).toBeNull()
  })

  it('of several zone sets the earliest counts', () => {
    const answer = told('crossing')
    const [late, none] = [told('crossing').forecasts[0], told('none').forecasts[0]]
    if (late === undefined || none === undefined) throw new Error('there are some')
    const soon = { ...late, to_line: { ...late.to_line, median_s: 60 } }
    expect(firstForecast({ ...answer, forecasts: [none, late, soon] })).toEqual(soon)
    expect(firstForecast({ ...answer, forecasts: [] })).toBeNull()
  })
})

describe('the forecast in the chart', () => {
  const past = [1, 2, 3].map((step) => NOW - 360_000 + step * 120_000)

  it('goes on from the end of the past to the end of the chart, its median inside its band', () => {
    const lines = aheadLines(past, first('crossing'), NOW + 5_400_000)
    expect(lines?.times.slice(0, 3)).toEqual(past)
    expect(lines?.p50.slice(0, 2)).toEqual([null, null])
    expect(lines?.times.at(-1)).toBe(NOW + 5_400_000)
    for (const column of [lines?.p10, lines?.p50, lines?.p90]) {
      expect(column?.length).toBe(lines?.times.length)
      expect(column?.slice(2)).not.toContain(null)
    }
    for (const [at, low] of (lines?.p10 ?? []).entries()) {
      expect(low ?? 0).toBeLessThanOrEqual(lines?.p50[at] ?? 0)
      expect(lines?.p50[at] ?? 0).toBeLessThanOrEqual(lines?.p90[at] ?? 0)
    }
  })

  it('begins at the level it was made from, whatever has happened since', () => {
    const forecast = first('crossing')
    const lines = aheadLines(past, forecast, NOW + 5_400_000)
    expect(lines?.p50[2]).toBe(forecast?.now)
  })

  it('is nothing for a range of the past, without a forecast, or after its last point', () => {
    expect(aheadLines(past, first('crossing'), NOW - 600_000)).toBeNull()
    expect(aheadLines(past, null, NOW + 5_400_000)).toBeNull()
    expect(aheadLines([], first('crossing'), NOW + 5_400_000)).toBeNull()
    const late = [NOW + 100_000_000]
    expect(aheadLines(late, first('crossing'), NOW + 200_000_000)).toBeNull()
  })
})
