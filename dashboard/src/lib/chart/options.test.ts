import { describe, expect, it } from 'vitest'
import {
  chartOptions,
  looseRange,
  ratioRange,
  strokeWidth,
  timeLabels,
  type ChartSpec,
} from './options.ts'

const spec: ChartSpec = {
  lines: [
    { label: 'hi', colour: '--series', width: 0 },
    { label: 'lo', colour: '--series', width: 0 },
    { label: 'busy', colour: '--series', width: 2 },
  ],
  band: { upper: 0, lower: 1, fill: '--series-band' },
  yRange: ratioRange([0.55, 0.8]),
  yText: String,
  yWidth: 40,
  showTimes: true,
  sync: 'fleet',
  timeZone: 'Asia/Shanghai',
  lang: 'en',
}
const options = chartOptions(spec, {
  width: 600,
  height: 200,
  scale: 1,
  density: 0.5,
  colour: (token) => `colour(${token})`,
  font: '12px x',
  tzDate: (ms) => new Date(ms),
  xRange: () => [1000, 2000],
  hooks: {},
})

describe('chart options', () => {
  it('a missing value is a gap, never a bridge', () => {
    for (const series of options.series.slice(1)) expect(series.spanGaps).toBe(false)
  })

  it('the band lies between the bounds, which are the first two lines after time', () => {
    expect(options.bands).toEqual([{ series: [1, 2], fill: 'colour(--series-band)' }])
  })

  it('charts with the same key share their cursor in time and not in value', () => {
    expect(options.cursor?.sync).toMatchObject({ key: 'fleet', scales: ['x', null] })
  })

  it('times are epoch ms', () => {
    expect(options.ms).toBe(1)
  })
})

describe('strokes', () => {
  const wide = { label: 'a', colour: '--series', width: 2 } as const
  const bound = { ...wide, width: 0 }
  it('are as wide as asked for until there are eight points a pixel, then at most one px', () => {
    expect(strokeWidth(wide, [wide], 8)).toBe(2)
    expect(strokeWidth(wide, [wide], 9)).toBe(1)
    expect(
      strokeWidth(
        wide,
        Array.from({ length: 20 }, () => wide),
        0.5,
      ),
    ).toBe(1)
  })

  it('bounds that are not stroked stay so and do not count', () => {
    expect(strokeWidth(bound, [bound, bound, wide], 90)).toBe(0)
    expect(strokeWidth(wide, [bound, bound, wide], 4)).toBe(2)
  })
})

describe('time labels', () => {
  const hours = [20, 22, 24, 26].map(
    (hour) => Date.parse('2026-11-22T00:00:00+08:00') + hour * 3_600_000,
  )

  it('carry the date at the first one and where a new day begins at the site', () => {
    expect(timeLabels(hours, 7_200_000, 'Asia/Shanghai', 'en')).toEqual([
      expect.stringMatching(/^20:00\n.*22/),
      '22:00',
      expect.stringMatching(/^00:00\n.*23/),
      '02:00',
    ])
  })

  it('are dates when the steps are days', () => {
    const days = [0, 1].map((day) => (hours[0] ?? 0) + day * 86_400_000)
    for (const label of timeLabels(days, 86_400_000, 'UTC', 'zh')) expect(label).not.toContain(':')
  })
})

describe('y ranges', () => {
  it('a ratio axis always shows the load lines and stays within 0..1', () => {
    const range = ratioRange([0.55, 0.8])
    expect(range(0.7, 0.72)).toEqual([0.55, 0.8])
    expect(range(0.01, 0.995)).toEqual([0, 1])
    expect(range(null, null)).toEqual([0.55, 0.8])
  })

  it('a gauge that cannot be negative gets no negative axis, and a flat one is not a hairline', () => {
    expect(looseRange(0, 100)[0]).toBe(0)
    expect(looseRange(-5, 5)[0]).toBeLessThan(-5)
    const [min, max] = looseRange(700, 700)
    expect(max - min).toBeGreaterThan(100)
    expect(looseRange(null, null)).toEqual([0, 1])
  })
})
