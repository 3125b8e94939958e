import { describe, expect, it } from 'vitest'
import { planted } from './planted.ts'
import { crossingOf, crossingsOf, judge } from './replay.ts'
import { SLICE_MS } from './series.ts'
import { announcementOf, NO_FORECAST_STATE, stepForecast } from './step.ts'

const HOUR_MS = 3_600_000
const reading = (utilization: number | null, coverage = 1) => ({ utilization, coverage })

describe('planted fleets', () => {
  it('a seed repeats its fleet, another gives another', () => {
    const [a, b, c] = [planted(5), planted(5), planted(6)]
    expect(a.series).toEqual(b.series)
    expect(a.series).not.toEqual(c.series)
    expect([1, 2, 3, 4].map((seed) => planted(seed).devices)).toEqual([
      4_000, 10_000, 50_000, 1_000,
    ])
  })

  it('what is known at a moment knows nothing of what comes', () => {
    const fleet = planted(2)
    const facts = fleet.factsAt(fleet.judgedFromMs)
    expect(facts.jobs.length).toBeGreaterThan(0)
    expect(
      facts.jobs.every(
        ({ startedMs, endsMs }) => startedMs <= fleet.judgedFromMs && endsMs === null,
      ),
    ).toBe(true)
    expect(facts.plans.every(({ fromMs }) => fromMs - fleet.judgedFromMs < 6 * HOUR_MS)).toBe(true)
    expect(facts.limitUse.every(({ ratios }) => ratios.every((ratio) => ratio <= 1))).toBe(true)
  })
})

describe('crossings', () => {
  const at = (slice: number) => slice * SLICE_MS

  it('begin with three slices under the line for certain, and end three points above it', () => {
    const levels = [0.65, 0.59, 0.61, 0.59, 0.59, 0.59, 0.62, 0.62, 0.62, 0.64, 0.64, 0.64, 0.64]
    const readings = levels.map((level) => reading(level))
    expect(crossingsOf({ fromMs: 0, readings }, 0.6)).toEqual([{ atMs: at(4), clearedMs: at(12) }])
    const thin = [0.57, 0.57, 0.57, 0.57].map((level) => reading(level, 0.9))
    expect(crossingsOf({ fromMs: 0, readings: thin }, 0.6)).toEqual([])
    const silent = [0.59, 0.59, 0.59].map(() => reading(null, 0))
    expect(crossingsOf({ fromMs: 0, readings: silent }, 0.6)).toEqual([])
  })

  it('make an announcement right inside its interval and half an hour, six hours at most', () => {
    const crossing = { atMs: 2 * HOUR_MS, clearedMs: null }
    const one = { fromMs: HOUR_MS, untilMs: HOUR_MS, pagedMs: null, latestMs: 1.6 * HOUR_MS }
    expect(crossingOf([crossing], one)).toBe(crossing)
    expect(crossingOf([crossing], { ...one, latestMs: 1.4 * HOUR_MS })).toBeUndefined()
    expect(
      crossingOf([{ ...crossing, atMs: 8 * HOUR_MS }], { ...one, latestMs: null }),
    ).toBeUndefined()
  })

  it('that nobody announced count as a lead of nothing, and the earliest right word counts', () => {
    const crossings = [
      { atMs: 2 * HOUR_MS, clearedMs: 3 * HOUR_MS },
      { atMs: 30 * HOUR_MS, clearedMs: null },
    ]
    const word = (hour: number, pagedMs: number | null) => ({
      fromMs: hour * HOUR_MS,
      untilMs: hour * HOUR_MS,
      pagedMs,
      latestMs: (hour + 1) * HOUR_MS,
    })
    const found = judge({ crossings, announced: [word(1, null), word(1.5, 5), word(10, 6)] })
    expect(found).toMatchObject({ right: 2, wrong: 1, wrongPages: 1 })
    expect(found.leads.map(({ minutes }) => minutes)).toEqual([60, 0])
  })
})

describe('one slice after the other', () => {
  it('learns once a day, and a new evaluator goes on from what was stored', () => {
    const fleet = planted(3)
    const day = fleet.series.readings.slice(0, 2016)
    const input = (slices: number) => ({
      labels: {},
      line: 0.6,
      series: { fromMs: fleet.series.fromMs, readings: day.slice(0, slices) },
      facts: fleet.factsAt(fleet.series.fromMs),
      devices: fleet.devices,
      calendar: { utcOffsetMs: 0, holidays: new Set<string>() },
      isInZone: false,
    })
    const first = stepForecast(NO_FORECAST_STATE, input(1000))
    const second = stepForecast(first.state, input(1001))
    expect(second.state.fit).toBe(first.state.fit)
    expect(stepForecast(second.state, input(1288)).state.fit).not.toBe(first.state.fit)
    const stored = [first.made, second.made].flatMap((made) => made ?? [])
    expect(announcementOf(stored)).toEqual(second.state.announcement)
  })
})
