import { describe, expect, it } from 'vitest'
import type { Forecast, ForecastScore } from '#schemas/alerts/forecast.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { scopeHead } from '../zones/reading.ts'
import { pinball, score, scoreTable, standingOf } from './score.ts'
import { FAR_MINUTES, forecastSignal } from './signal.ts'

const NOW = Date.UTC(2026, 4, 4, 2)
const made: Forecast = {
  labels: {},
  made_ms: NOW,
  line: 0.6,
  now: 0.66,
  coverage: 0.99,
  points: [{ ahead_s: 3600, p10: 0.58, p50: 0.61, p90: 0.64, below: 0.3, last_week: 0.7 }],
  to_line: { low_s: 1500, early_s: 2400, median_s: 3600, high_s: null },
  chance: 0.8,
  contributors: [
    {
      kind: 'job',
      name: '884213',
      tenant: 'videogen-7',
      devices: 4096,
      at_ms: NOW + 3_000_000,
      change_ppm: -74_000,
    },
    { kind: 'trend', name: '', tenant: '', devices: 0, at_ms: null, change_ppm: -6_000 },
  ],
  learned_days: 9,
  announced: 'warn',
}

describe('scores', () => {
  it('pinball loss: what lies beyond a quantile costs its share', () => {
    expect(pinball(0.9, 0.6, 0.5)).toBeCloseTo(0.01)
    expect(pinball(0.9, 0.5, 0.6)).toBeCloseTo(0.09)
  })

  it('a point is scored with the slice it spoke of, beside both yardsticks', () => {
    const slice = { fromMs: NOW + 3_600_000 - 300_000, utilization: 0.62 }
    expect(score([made], { ...slice, fromMs: slice.fromMs + 300_000 })).toEqual([])
    const [one] = score([made], slice)
    expect(one).toMatchObject({ ahead_s: 3600, actual: 0.62, inside: true })
    expect(one?.error).toBeCloseTo(0.01)
    expect(one?.persistence_error).toBeCloseTo(0.04)
    expect(one?.last_week_error).toBeCloseTo(0.08)
    expect(one?.pinball).toBeCloseTo((0.004 + 0.005 + 0.002) / 3)
  })
})

const scores = (errorOf: (week: number) => number): ForecastScore[] =>
  Array.from({ length: 4032 }, (_, at) => ({
    labels: {},
    made_ms: NOW - (at + 1) * 300_000,
    ahead_s: 3600,
    actual: 0.6,
    pinball: 0.01,
    error: errorOf(Math.floor(at / 2016)),
    persistence_error: 0.02,
    last_week_error: 0.09,
    inside: true,
  }))

describe('muting', () => {
  it('two weeks worse than a level that stays: muted, and it says so', () => {
    const standing = standingOf(
      scores(() => 0.03),
      NOW,
    )
    expect(standing.muted).toBe(true)
    expect(standing.because?.en).toContain('2.00 against 3.00 points')
  })

  it('one better week, or too little of one, mutes nothing', () => {
    expect(
      standingOf(
        scores((week) => (week === 0 ? 0.01 : 0.03)),
        NOW,
      ).muted,
    ).toBe(false)
    expect(standingOf(scores(() => 0.03).slice(0, 2500), NOW).muted).toBe(false)
    expect(scoreTable(scores(() => 0.03))).toMatchObject([{ aheadS: 3600, count: 4032, inside: 1 }])
  })
})

describe('signal forecast_zone', () => {
  const context = {
    head: scopeHead(DEFAULT_ZONE_SET, {}, made.now),
    timeZone: 'Asia/Shanghai',
    standing: { muted: false, because: null },
    usdPerHourAtLine: 15_000,
    devices: 50_000,
  }

  it('says when, what moves it by name, and how much it has learned', () => {
    const row = forecastSignal(made, context)
    expect(row.value).toBe(40)
    expect(row.what?.en).toBe(
      'Fleet busy 66.0 %, expected under the 60 % line about 11:00 (10:25 to later)',
    )
    expect(row.why?.en).toBe(
      'job 884213 (videogen-7, 4,096) ends about 10:50, -7.4 points; trend of the last two hours, -0.6 points',
    )
    expect(row.known?.en).toBe('99.0 % reporting. Learning: 9 of 28 days.')
  })

  it('a page stays a page while one evaluation sees it later; a warning is none', () => {
    expect(forecastSignal({ ...made, announced: 'page' }, context).value).toBe(20)
    const soon = { ...made, to_line: { ...made.to_line, early_s: 300 } }
    expect(forecastSignal(soon, context).value).toBe(21)
    expect(forecastSignal({ ...soon, announced: 'page' }, context).value).toBe(5)
  })

  it('quiet or muted it is far away', () => {
    expect(forecastSignal({ ...made, announced: 'no' }, context).value).toBe(FAR_MINUTES)
    const muted = { muted: true, because: { en: 'Muted.', zh: '静音。' } }
    const row = forecastSignal(made, { ...context, standing: muted })
    expect([row.value, row.known?.en]).toEqual([FAR_MINUTES, 'Muted.'])
    // An alert that ends so was not wrong, and all is not well.
    expect(row.ended?.en).toBe('Muted.')
    const calm = forecastSignal({ ...made, announced: 'no' }, context)
    const came = forecastSignal({ ...made, announced: 'no', now: 0.5 }, context)
    expect([calm.ended, came.ended?.en]).toEqual([
      undefined,
      'utilization is under the line now, which has an alert of its own',
    ])
  })
})
