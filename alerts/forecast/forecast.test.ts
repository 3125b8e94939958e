import { describe, expect, it } from 'vitest'
import { Forecast } from '#schemas/alerts/forecast.ts'
import { announce, QUIET, voteOf } from './announce.ts'
import { learn } from './fit.ts'
import { forecast, type ForecastInput } from './forecast.ts'
import { NOTHING_KNOWN, type RunningJob } from './known.ts'
import { normalQuantile, seeded } from './robust.ts'
import { type Reading, SLICE_MS, SLICES_PER_WEEK } from './series.ts'

const MONDAY = Date.UTC(2026, 0, 5)
const HOUR_MS = 3_600_000
const CALENDAR = { utcOffsetMs: 0, holidays: new Set<string>() }
const DEVICES = 50_000

/** Two weeks round a level, with noise of a fifth of a point; `late` shapes the newest slices. */
function history(late: (back: number) => number, coverage = 1): readonly Reading[] {
  const random = seeded(3)
  const count = 2 * SLICES_PER_WEEK
  return Array.from({ length: count }, (_, at) => ({
    utilization: 0.7 + 0.002 * normalQuantile(0.01 + 0.98 * random()) + late(count - 1 - at),
    coverage: at > count - 24 ? coverage : 1,
  }))
}

function input(readings: readonly Reading[], jobs: readonly RunningJob[] = []): ForecastInput {
  const series = { fromMs: MONDAY, readings }
  return {
    labels: {},
    line: 0.6,
    series,
    fit: learn(series, CALENDAR),
    facts: { ...NOTHING_KNOWN, jobs },
    devices: DEVICES,
  }
}

const NOW = MONDAY + 2 * SLICES_PER_WEEK * SLICE_MS
const flat = history(() => 0)
const bigJob: RunningJob = {
  name: '884213',
  tenant: 'videogen-7',
  queue: 'large',
  devices: 8192,
  utilization: 0.9,
  startedMs: NOW - HOUR_MS,
  endsMs: NOW + 50 * 60_000,
  limitMs: null,
}

describe('forecast to the zone', () => {
  it('the same input gives the same forecast, and it fits its schema', () => {
    const given = input(flat, [bigJob])
    const made = forecast(given)
    expect(made).toEqual(forecast(given))
    expect(Forecast.safeParse({ ...made, announced: 'no' }).success).toBe(true)
  })

  it('a flat fleet stays where it is and reaches no line', () => {
    const made = forecast(input(flat))
    expect(made?.now).toBeCloseTo(0.7, 2)
    expect(made?.points.find(({ ahead_s }) => ahead_s === 3600)?.p50).toBeCloseTo(0.7, 2)
    expect(made?.to_line.median_s).toBeNull()
    expect(made?.chance).toBe(0)
  })

  it('a large job whose end is known is named with its time and its points', () => {
    const made = forecast(input(flat, [bigJob]))
    expect(made?.to_line.median_s).toBe(3300)
    expect(made?.contributors[0]).toMatchObject({
      kind: 'job',
      name: '884213',
      devices: 8192,
      at_ms: NOW + 50 * 60_000,
      change_ppm: -147_456,
    })
    expect(made === null ? null : voteOf(made)).toBe('warn')
  })

  it('waiting work that fits takes the warning away', () => {
    const given = input(flat, [bigJob])
    const waiting = [{ name: '9', tenant: 'chat', devices: 8000, tasks: 1, utilization: 0.9 }]
    const made = forecast({ ...given, facts: { ...given.facts, waiting } })
    expect(made?.to_line.median_s).toBeNull()
  })

  it('a ramp is carried on; a step is not taken for a ramp', () => {
    const ramp = forecast(input(history((back) => (back < 18 ? -0.004 * (18 - back) : 0))))
    const hour = ramp?.points.find(({ ahead_s }) => ahead_s === 3600)
    expect(hour?.p50).toBeLessThan((ramp?.now ?? 0) - 0.03)
    const step = forecast(input(history((back) => (back < 10 ? -0.07 : 0))))
    const after = step?.points.find(({ ahead_s }) => ahead_s === 3600)
    expect(Math.abs((after?.p50 ?? 0) - (step?.now ?? 0))).toBeLessThan(0.02)
  })

  it('what could be busy in silence is not certain to be under the line', () => {
    const all = forecast(input(flat, [{ ...bigJob, devices: 6144 }]))
    const thin = forecast(
      input(
        history(() => 0, 0.96),
        [{ ...bigJob, devices: 6144 }],
      ),
    )
    expect(all?.chance).toBeGreaterThan(0.7)
    expect(thin?.chance).toBeLessThan(all?.chance ?? 0)
    expect(forecast(input(history(() => 0, 0.9)))).toBeNull()
  })

  it('little history is said, and is persistence', () => {
    const series = { fromMs: MONDAY, readings: flat.slice(0, 3 * 288) }
    const made = forecast({ ...input(flat), series, fit: learn(series, CALENDAR) })
    expect(made?.learned_days).toBe(3)
    expect(made?.points.every(({ last_week }) => last_week === null)).toBe(true)
    expect(made?.points.find(({ ahead_s }) => ahead_s === 86_400)?.p50).toBeCloseTo(0.7, 2)
  })
})

describe('announcing', () => {
  const made = forecast(input(flat, [bigJob]))
  if (made === null) throw new Error('no forecast')
  const calm = {
    ...made,
    chance: 0,
    points: [],
    to_line: { low_s: null, early_s: null, median_s: null, high_s: null },
  }

  it('takes three of four evaluations', () => {
    let state = QUIET
    for (const one of [made, calm, made]) state = announce(state, one, false)
    expect(state.state).toBe('no')
    expect(announce(state, made, false).state).toBe('warn')
  })

  it('becomes a page, goes on through a doubt, and clears after half an hour', () => {
    const soon = { ...made, to_line: { ...made.to_line, early_s: 900 } }
    let state = QUIET
    for (const one of [soon, soon, soon, made]) state = announce(state, one, false)
    expect(state.state).toBe('page')
    for (let minute = 0; minute <= 30; minute += 5) {
      expect(state.state).toBe('page')
      state = announce(state, { ...calm, made_ms: made.made_ms + minute * 60_000 }, false)
    }
    expect(state.state).toBe('no')
  })

  it('says nothing of what is there already', () => {
    const warned = { ...QUIET, state: 'warn' } as const
    expect(announce(warned, made, true)).toEqual(QUIET)
    expect(announce(warned, { ...made, now: 0.59 }, false)).toEqual(QUIET)
  })
})
