import { describe, expect, it } from 'vitest'
import type { PueAnswer, PueFigures } from '#schemas/api-facility.ts'
import type { LoopMeans, QueueFacts } from '#schemas/report/facts.ts'
import type { Section } from '#schemas/report/section.ts'
import { inputOf, WEEK } from '../answers.testing.ts'
import { energySection } from './energy.ts'
import { heatSection } from './heat.ts'
import { poolsSection } from './pools.ts'

/** Rows of a table as they are printed. */
const printed = ({ tables }: Section, id: string) =>
  tables
    .find((table) => table.id === id)
    ?.rows.map((row) =>
      Object.values(row).map((cell) =>
        typeof cell === 'string' ? cell : 'text' in cell ? (cell.missing ?? cell.text) : cell.en,
      ),
    )

const months = (from: string, to: string, more: Partial<PueFigures>): PueFigures => ({
  from,
  to,
  label: 'iPUE',
  name: 'iPUE2',
  category: 2,
  categories: [2],
  value: 1.2,
  complete: true,
  value_of_known: 1.2,
  lo: 1.2,
  hi: 1.2,
  coverage: 1,
  coverage_total: 1,
  coverage_it: 1,
  buckets: {
    expected: 2880,
    counted: 2880,
    missing: 0,
    total_incomplete: 0,
    it_incomplete: 0,
    faulty: 0,
  },
  faulty_meters: [],
  it_load_kw: 41_200,
  total_load_kw: 49_440,
  kwh: { total: 1, it: 1, cooling: 0, distribution: 0, other: 0 },
  estimated_share: 0,
  ...more,
})
const time = (text: string) => new Date(text).toISOString()

describe('PUE of twelve months', () => {
  it('begins with the first month that is metered, and says what is incomplete', () => {
    const nothing = {
      counted: 0,
      expected: 2880,
      missing: 2880,
      total_incomplete: 0,
      it_incomplete: 0,
      faulty: 0,
    }
    const [a, b, c, d] = [
      '2025-11-22T16:00Z',
      '2026-09-30T16:00Z',
      '2026-10-31T16:00Z',
      '2026-11-22T16:00Z',
    ].map(time)
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('times')
    const pue_year: PueAnswer = {
      definition: '2026.1',
      from: a,
      to: d,
      resolution: '1mo',
      settled_until: null,
      simulated: false,
      scope: 'site',
      scopes: ['site'],
      window: months(a, d, {
        label: 'PUE',
        name: 'PUE2',
        value: null,
        complete: false,
        value_of_known: 1.23,
        coverage: 0.14,
      }),
      periods: [
        months(a, b, {
          coverage: 0,
          value: null,
          complete: false,
          value_of_known: null,
          buckets: nothing,
        }),
        months(b, c, {}),
        months(c, d, {
          value: null,
          complete: false,
          value_of_known: 1.254,
          coverage: 0.9,
          it_load_kw: 39_000,
        }),
      ],
      comparable: null,
      design_pue: null,
    }
    expect(printed(energySection(inputOf({ pue_year })), 'pue_months')).toEqual([
      ['2026-10', 'iPUE2', '1.20', '100.0', '41,200', ''],
      ['2026-11', 'iPUE2', '1.25', '90.0', '39,000', 'incomplete: below 98 % measured'],
      ['Twelve months', 'PUE2', '1.23', '14.0', '41,200', 'incomplete: below 98 % measured'],
    ])
    expect(printed(energySection(inputOf()), 'pue_months')).toBeUndefined()
  })
})

describe('heat', () => {
  it('tells drift of cooling units, and of leaks where and how long', () => {
    const means = (approach_kelvin: number | null, carried: number | null): LoopMeans => ({
      hours: 168,
      approach_kelvin,
      delta_kelvin: 10,
      carried,
    })
    const loops = [
      { loop: 'Loop 1', hall: 'h1', unit: 'cdu-1', now: means(6.5, 3300), before: means(5, 3000) },
      { loop: 'Loop 1', hall: 'h1', unit: 'cdu-2', now: means(4, null), before: means(null, null) },
    ]
    const leak = (rule: string) => ({
      told: true,
      acknowledged_ms: WEEK.fromMs + 4 * 60_000,
      alert: {
        rule,
        title: { en: 'Leak', zh: '漏液' },
        severity: 'page',
        state: 'firing',
        mode: 'paging',
        labels: { meter: 'cdu-1/leak/2', hall: 'h1' },
        fired_ms: WEEK.fromMs,
        resolved_ms: null,
        suppressed: undefined,
      } as const,
    })
    const section = heatSection(
      inputOf({ loops, alerts: [leak('leak'), leak('leak_detector_blind')] }),
    )
    expect(printed(section, 'drift')).toEqual([
      ['cdu-1', 'Loop 1', 'h1', '6.50', '+1.50', '10.00', '0.00', '+10.0', '168'],
      ['cdu-2', 'Loop 1', 'h1', '4.00', 'not_known', '10.00', '0.00', 'not_known', '168'],
    ])
    expect(printed(section, 'leaks')).toMatchObject([['Leak alerts', '1', 'count', '']])
    expect(printed(section, 'leak_list')).toEqual([
      ['cdu-1/leak/2', 'h1', 'Leak', '2026-11-16 00 h', 'none', '4'],
    ])
  })
})

describe('pools and queue', () => {
  const side = { waiting_hours: 900, free_hours: 5000, free_while_waiting_hours: 600 }
  const queue: QueueFacts = {
    heard: 0.987,
    queues: [
      {
        cluster: 'east',
        queue: 'main',
        waiting_hours: 900,
        started: 3,
        wait_ms_p50: 600_000,
        wait_ms_p95: null,
      },
    ],
    pools: [{ pool: 'main', ...side }],
    fleet: side,
  }

  it('prices what was free while others waited at what free time of the pool costs', () => {
    const section = poolsSection(inputOf({ queue }))
    expect(section.lead[0]?.en).toBe('Schedulers were heard in 98.7 % of the period.')
    // The pool's own price is not known here; the fleet's free hours are $2 each.
    expect(printed(section, 'waiting')).toEqual([
      ['main', '900', '5,000', '600', 'not_known'],
      ['All queues beside all devices', '900', '5,000', '600', '1,200'],
    ])
    expect(printed(section, 'queues')).toEqual([['main', 'east', '900', '3', '10', 'none']])
  })

  it('says that nothing is known where no scheduler was heard', () => {
    const section = poolsSection(inputOf())
    expect(section.lead[0]?.en).toMatch(/^Waiting jobs are not known/)
    expect(section.tables.map(({ id }) => id)).toEqual(['pools'])
  })
})
