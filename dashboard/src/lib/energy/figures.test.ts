import { describe, expect, it } from 'vitest'
import type { EnergyGroup, ItGap, PueFigures } from '#schemas/api-facility.ts'
import {
  againstTarget,
  gapPartsOf,
  leftOutOf,
  meanPrice,
  onScale,
  scaleEnd,
  trendOf,
  waterfallOf,
} from './figures.ts'

const NO_ENERGY = { total: 0, it: 0, cooling: 0, distribution: 0, other: 0 }

function figures(given: Partial<PueFigures> = {}): PueFigures {
  return {
    from: '2026-11-22T00:00:00.000Z',
    to: '2026-11-22T00:15:00.000Z',
    label: 'iPUE',
    name: 'iPUE3',
    category: 3,
    categories: [3],
    value: 1.142,
    complete: true,
    value_of_known: 1.142,
    lo: 1.142,
    hi: 1.142,
    coverage: 1,
    coverage_total: 1,
    coverage_it: 1,
    buckets: {
      expected: 1,
      counted: 1,
      missing: 0,
      total_incomplete: 0,
      it_incomplete: 0,
      faulty: 0,
    },
    faulty_meters: [],
    it_load_kw: 1_000,
    total_load_kw: 1_142,
    kwh: NO_ENERGY,
    estimated_share: 0,
    ...given,
  }
}

const group = (role: string, given: Partial<EnergyGroup>): EnergyGroup => ({
  key: { role },
  kwh: 100,
  coverage: 1,
  estimated_share: 0,
  usd: 8,
  co2e_kg: 53,
  assumed: false,
  periods: [],
  ...given,
})

describe('buckets left out', () => {
  it('are none where all of them count', () => {
    expect(leftOutOf(figures())).toBeNull()
  })

  it('are told with their causes and the meters at fault', () => {
    const buckets = { expected: 96, counted: 92, missing: 0, total_incomplete: 1, it_incomplete: 0 }
    const left = leftOutOf(
      figures({
        buckets: { ...buckets, faulty: 3 },
        faulty_meters: [{ meter: 'utility-b', buckets: 3 }],
      }),
    )
    expect(left).toEqual({
      buckets: 4,
      causes: [
        { cause: 'faulty', buckets: 3 },
        { cause: 'total_incomplete', buckets: 1 },
      ],
      meters: ['utility-b'],
    })
  })
})

describe('money', () => {
  it('is at the mean price of all groups, and not known where one of them has none', () => {
    expect(meanPrice([group('it', {}), group('cooling', { kwh: 300, usd: 32 })])).toBe(0.1)
    expect(meanPrice([group('it', {}), group('cooling', { usd: null })])).toBeNull()
    expect(meanPrice([group('it', { kwh: null, usd: null })])).toBeNull()
    expect(meanPrice([])).toBeNull()
  })

  it('of the target is the difference at this load, and nothing of a ratio that is not known', () => {
    const against = againstTarget({ value: 1.16, it_load_kw: 1_000 }, 1.15, 0.1)
    expect(against?.difference).toBeCloseTo(0.01, 12)
    expect(against?.usdPerHour).toBeCloseTo(1, 9)
    expect(againstTarget({ value: 1.16, it_load_kw: 1_000 }, 1.15, null)?.usdPerHour).toBeNull()
    expect(againstTarget({ value: null, it_load_kw: 1_000 }, 1.15, 0.1)).toBeNull()
  })
})

describe('where the energy goes', () => {
  it('each role begins where the one before ended, and the parts are the whole', () => {
    const { steps, kwh, usd, co2eKg } = waterfallOf([
      group('it', { kwh: 800 }),
      group('cooling', { kwh: 150 }),
      group('other', { kwh: 50 }),
    ])
    expect(steps.map(({ role, from, share }) => [role, from, share])).toEqual([
      ['it', 0, 0.8],
      ['cooling', 0.8, 0.15],
      ['other', 0.9500000000000001, 0.05],
    ])
    expect([kwh, usd, co2eKg]).toEqual([1_000, 24, 159])
  })

  it('one role that nobody measured leaves no sum and no share of it', () => {
    const fall = waterfallOf([group('it', {}), group('cooling', { kwh: null, usd: null })])
    expect([fall.kwh, fall.usd, fall.co2eKg]).toEqual([null, null, 106])
    expect(fall.steps.map(({ share }) => share)).toEqual([null, null])
  })

  it('nothing is nothing', () => {
    expect(waterfallOf([])).toEqual({ steps: [], kwh: null, usd: null, co2eKg: null })
  })
})

it('a period stands at its middle; one without a ratio has no bounds either', () => {
  const columns = trendOf([
    figures(),
    figures({ value: null, lo: 1.01, hi: 2.9, it_load_kw: null }),
  ])
  expect(columns.times[0]).toBe(Date.parse('2026-11-22T00:07:30.000Z'))
  expect(columns.it).toEqual([1, null])
  expect([columns.value, columns.lo, columns.hi]).toEqual([
    [1.142, null],
    [1.142, null],
    [1.142, null],
  ])
})

it('the scale begins at 1, holds what is given and ends between 1.3 and 3', () => {
  expect(scaleEnd([1.1, null])).toBe(1.3)
  expect(scaleEnd([1.4])).toBe(1.4)
  expect(scaleEnd([1.41])).toBe(1.5)
  expect(scaleEnd([9])).toBe(3)
  expect([onScale(0.9, 1.5), onScale(1.25, 1.5), onScale(2, 1.5)]).toEqual([0, 0.5, 1])
})

it('parts of IT energy sum to what was measured; without devices there are none', () => {
  const gap: ItGap = {
    measured_kwh: 100,
    coverage: 1,
    source: 'energy',
    devices_kwh: 70,
    devices_coverage: 0.9,
    parts: { devices_kwh: 70, silent_nodes_kwh: 5, gaps_kwh: 2, host_kwh: 23 },
    silent_nodes: 1,
    host_share: 0.23,
    contradicts: false,
  }
  const parts = gapPartsOf(gap)
  expect(parts?.map(({ part }) => part)).toEqual(['devices', 'host', 'silent_nodes', 'gaps'])
  expect(parts?.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12)
  expect(gapPartsOf({ ...gap, parts: null })).toBeNull()
})
