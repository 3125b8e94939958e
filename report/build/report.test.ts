import { describe, expect, it } from 'vitest'
import type { CostFact, ReportAnswers } from '#schemas/report/facts.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import { answersOf, DEVICES, fleetOf, inputOf, shanghai, WEEK } from '../answers.testing.ts'
import { actionsOf } from '../actions.ts'
import { createCalendar } from '../calendar.ts'
import { figure } from '../round.ts'
import { both } from '../words.ts'
import { costRows, OTHERS } from './costs.ts'
import { buildReport } from './report.ts'

const sectionOf = (model: ReportModel, id: string) => model.sections.find((one) => one.id === id)
const lineOf = (model: ReportModel, table: string, at: number, column = 'figure') => {
  const found = model.sections.flatMap(({ tables }) => tables).find(({ id }) => id === table)
  const cell = found?.rows[at]?.[column]
  return typeof cell === 'object' && 'text' in cell ? cell.text : null
}
const explained = (
  parts: readonly (readonly ['jobs_ended' | 'drained' | 'throttled', number])[],
): ReportAnswers['explain'] => ({
  definition: '2026.1',
  simulated: false,
  settled_until: null,
  a: EXPLAIN_WINDOW,
  b: EXPLAIN_WINDOW,
  change_ppm: -19_000,
  causes: parts.map(([cause, change_ppm]) => ({
    cause,
    change_ppm,
    device_hours: 100,
    busy_device_hours: -100,
    contributors: [],
    others: { count: 0, change_ppm: 0 },
  })),
  residual_ppm: 0,
  sentence: { en: '', zh: '' },
})
const EXPLAIN_WINDOW = {
  from: new Date(WEEK.fromMs).toISOString(),
  to: new Date(WEEK.toMs).toISOString(),
  resolution: '1h',
  utilization: 0.7,
  coverage: 1,
  capacity_devices: DEVICES,
  known_devices: DEVICES,
  busy_devices: 0.7 * DEVICES,
} as const

describe('the first page', () => {
  it('says in one sentence how the week was, as the issue has it', () => {
    const { page } = buildReport(inputOf())
    // 8,332,800 known hours: 0.036 of them short, 0.019 lost against the week before, at $2.
    expect(page.verdict.en).toBe(
      'Week 47: 71.4 % busy. Target 75 %: 3.6 points short, 299,981 GPU-hours, $599,962. Under 60 % for 2 h 35 min. Last week -1.9 points (-$316,646). 99.2 % of hours known: true value 70.8-71.6 %. Sold 92 %, used 71 %.',
    )
    expect(page.verdict.zh).toBe(
      '第 47 周：忙碌率 71.4 %。目标 75 %：差 3.6 个百分点，299,981 卡时，$599,962。低于 60 % 共 2 小时 35 分。较上周 -1.9 个百分点（-$316,646）。99.2 % 的卡时已知：真实值 70.8-71.6 %。已售 92 %，使用 71 %。',
    )
    expect(page.numbers).toHaveLength(12)
  })

  it('is ahead of the target in words, not by a sign; without contracts it says what is held', () => {
    const given = { fleet: { ...WEEK, ...fleetOf(0.78) }, before: null, contracted_hours: null }
    const { page } = buildReport(inputOf(given, { versusId: null }))
    expect(page.verdict.en).toContain('Target 75 %: 3.0 points ahead, 252,000 GPU-hours, $504,000.')
    expect(page.verdict.en).toContain('Held 90 %, used 78 %.')
    expect(page.cause_line.en).toMatch(/Nothing to compare with/)
  })

  it('names causes whose digits sum to the change as it is printed', () => {
    const explain = explained([
      ['jobs_ended', -14_040],
      ['drained', -8_040],
      ['throttled', 3_960],
    ])
    const { page } = buildReport(inputOf({ explain }))
    expect(page.cause_line.en).toBe(
      '-1.9 points: jobs ended -1.4, drained devices -0.8, throttled +0.4, rest -0.1',
    )
    expect(page.cause_line.zh).toBe(
      '-1.9 个百分点：作业结束 -1.4，设备下线 -0.8，降频 +0.4，其余 -0.1',
    )
  })

  it('has no figure for a week of which nothing is known', () => {
    const nothing = fleetOf(0.7)
    const ledger = {
      ...nothing.ledger,
      utilization: null,
      util_lo: 0,
      util_hi: 1,
      coverage: 0,
      known_device_seconds: 0,
      busy_device_seconds: 0,
    }
    const minutes = {
      fromMs: WEEK.fromMs,
      stepMs: 60_000,
      utilization: Array.from({ length: 120 }, () => null),
      coverage: Array.from({ length: 120 }, () => 0),
    }
    const { page } = buildReport(inputOf({ fleet: { ...WEEK, ...nothing, ledger }, minutes }))
    expect(page.verdict.en).toBe(
      'Week 47: nothing is known of its utilization. Telemetry was missing for 2 h, most of it from 16 Nov: those hours are unknown, not idle.',
    )
    expect(page.numbers.find(({ name }) => name === 'short_usd')?.figure).toMatchObject({
      value: null,
      missing: 'not_known',
    })
  })
})

describe('actions', () => {
  it('promise half of what costs most, and are judged by the same figure a week later', () => {
    const first = actionsOf(answersOf(), (ms) => shanghai.local(ms).date)
    // 833,280 free hours at $2.
    expect(first).toMatchObject([
      {
        id: 'unsold-site',
        kind: 'unsold',
        due: '2026-11-30',
        cost: { text: '1,666,560' },
        promised: { text: '833,280' },
      },
    ])
    const judged = (free: number) => {
      const { ledger, loss } = fleetOf(0.714)
      const unallocated = { ...loss.unallocated, unsold: { gpu_hours: free / 2, usd: free } }
      const fleet = { ...WEEK, ledger, loss: { ...loss, unallocated } }
      return buildReport(inputOf({ fleet }, { lastActions: first })).page.last_actions[0]
    }
    expect(judged(990_000)).toMatchObject({
      state: 'done',
      result: { en: 'promised $833,280, returned $676,560', zh: '承诺 $833,280，收回 $676,560' },
    })
    expect([judged(1_400_000)?.state, judged(1_660_000)?.state, judged(1_700_000)?.state]).toEqual([
      'partly',
      'open',
      'worse',
    ])
  })
})

describe('what nobody can measure', () => {
  it('is not entered, and says so', () => {
    const model = buildReport(inputOf())
    expect(sectionOf(model, 'milestone')?.state).toBe('not_entered')
    expect(sectionOf(model, 'unit_cost')).toMatchObject({ state: 'not_entered', tables: [] })
    expect(lineOf(model, 'energy', 9)).toBe('')
  })

  it('gives the milestone, the cost of a busy hour and the break-even, where it was entered', () => {
    const month = (id: string, busy: number) => ({
      ...shanghai.period(id),
      id,
      utilization: busy,
      coverage: 1,
      capacity_hours: 1000,
      known_hours: 1000,
      busy_hours: 1000 * busy,
    })
    const cost_book = {
      go_live_ms: shanghai.period('2026-09').fromMs,
      milestone_ms: WEEK.toMs + 7 * 86_400_000,
      // A mean month has 730.5 hours: 168 of them are $1,680,000.
      lines: [{ kind: 'depreciation', from_ms: 0, usd_per_month: 7_305_000, note: '' } as const],
    }
    const energy: ReportAnswers['energy'] = {
      ...EXPLAIN_WINDOW,
      definition: '2026.1',
      simulated: false,
      settled_until: null,
      resolution: 'all',
      groups: [
        {
          key: { role: 'it' },
          kwh: 4_000_000,
          coverage: 1,
          estimated_share: 0,
          usd: 320_000,
          co2e_kg: null,
          assumed: false,
          periods: [],
        },
      ],
      grid_factors: [],
      it: null,
      power: {
        contracted_mw: null,
        peak_mw: 30,
        peak_at: null,
        power_capacity_utilization: null,
        headroom_mw: null,
        swing_15m: null,
        swing_1m: null,
      },
    }
    const model = buildReport(
      inputOf({ cost_book, energy, months: [month('2026-09', 0.6), month('2026-10', 0.7)] }),
    )
    expect(lineOf(model, 'six_months', 0)).toBe('65.0')
    // A week of 8,332,800 hours is left: 75 % of it and of the 2,000 before, less the 1,300 that were busy.
    expect(lineOf(model, 'six_months', 2)).toBe('75.0')
    expect(lineOf(model, 'six_months', 3)).toBe('1.0')
    // $2,000,000 by 5,949,619 busy hours; of $16,665,600 that all known hours are worth.
    expect(lineOf(model, 'unit_cost', 0)).toBe('0.34')
    expect(lineOf(model, 'unit_cost', 1)).toBe('12.0')
    // 4 % of 50,000 H100 for 168 hours, of two million.
    expect(lineOf(model, 'lost_run', 0)).toBe('336,000')
    expect(lineOf(model, 'lost_run', 1)).toBe('16.8')
  })
})

describe('alerts', () => {
  it('are counted with what people did, and those that ended by themselves at once', () => {
    const at = WEEK.fromMs
    const alert = (minutes: number, told: boolean, acknowledgedAfter: number | null) => ({
      told,
      acknowledged_ms: acknowledgedAfter === null ? null : at + acknowledgedAfter * 60_000,
      alert: {
        rule: 'coolant_leak',
        title: both('Leak', '漏液'),
        severity: 'page',
        state: 'resolved',
        mode: 'paging',
        labels: { tenant: 't' },
        fired_ms: at,
        resolved_ms: at + minutes * 60_000,
        suppressed: undefined,
      } as const,
    })
    const alerts = [
      alert(3, true, null),
      alert(90, true, 4),
      alert(60, true, 8),
      alert(2, false, null),
    ]
    const model = buildReport(inputOf({ alerts }))
    const columns = [
      'fired',
      'told',
      'acknowledged',
      'to_acknowledge',
      'to_resolve',
      'probably_false',
    ]
    expect(columns.map((column) => lineOf(model, 'alerts', 0, column))).toEqual([
      '4',
      '3',
      '2',
      '6',
      '32',
      '1',
    ])
    expect(lineOf(model, 'leaks', 0)).toBe('4')
  })
})

describe('what late data changed before', () => {
  it('is listed where it was too little for a revision', () => {
    const change = {
      what: both('Busy', '忙碌率'),
      before: figure('percent', 0.714),
      after: figure('percent', 0.7142, { decimals: 2 }),
      why: both('late', '迟到'),
    }
    const model = buildReport(inputOf({}, { smallChanges: [change] }))
    expect(lineOf(model, 'changed_before', 0, 'after')).toBe('71.42')
  })
})

it('shows the dollars of a line with the same digits in the waterfall and in the table of lines', () => {
  const week = fleetOf(0.714, 0.008)
  const { by_state, loss_usd } = week.loss
  // Halves: rounded each for itself, both would be a dollar more than their sum.
  const { unallocated, part_busy } = by_state
  const halves = {
    ...by_state,
    unallocated: { ...unallocated, usd: 100.5 },
    part_busy: { ...part_busy, usd: 200.5 },
  }
  const loss = { ...week.loss, by_state: halves, loss_usd: { ...loss_usd, versus_capacity: 301 } }
  const model = buildReport(inputOf({ fleet: { ...WEEK, ...week, loss } }))
  const tables = sectionOf(model, 'waterfall')?.tables ?? []
  const dollars = (id: string, titles: readonly string[]) =>
    (tables.find((one) => one.id === id)?.rows ?? []).flatMap(({ what, usd }) =>
      typeof what === 'object' && 'en' in what && titles.includes(what.en) ? [usd] : [],
    )
  const shown = dollars('waterfall', ['Unallocated', 'Part-busy'])
  expect(shown).toHaveLength(2)
  expect(shown).toEqual(dollars('loss', ['Unallocated', 'Part-busy']))
})

it('a week in which clocks go back has 169 hours, and two of one name', () => {
  const calendar = createCalendar('Europe/Berlin')
  const week = calendar.period('2026-W43')
  const steps = (stepMs: number) => {
    const count = (week.toMs - week.fromMs) / stepMs
    const of = (value: number) => Array.from({ length: count }, () => value)
    return { fromMs: week.fromMs, stepMs, utilization: of(0.58), coverage: of(1) }
  }
  const given = {
    window: week,
    fleet: { ...week, ...fleetOf(0.58) },
    minutes: steps(60_000),
    slices: steps(300_000),
    hours: steps(3_600_000),
  }
  const model = buildReport(inputOf(given, { id: week.id, calendar }))
  expect([model.hours, model.heat_map.length]).toEqual([169, 169])
  const twice = model.heat_map.filter(
    ({ local_date, local_hour }) => local_date === '2026-10-25' && local_hour === 2,
  )
  expect(twice).toHaveLength(2)
  expect(model.heat_map.every(({ below }) => below.danger === 60)).toBe(true)
  expect(model.page.verdict.en).toContain('Under 60 % for 169 h.')
})

it('beyond their limit cost rows of small tenants are joined, and all still sum to capacity', () => {
  const facts = Array.from({ length: 9_000 }, (_, at): CostFact => ({
    fromMs: WEEK.fromMs,
    toMs: WEEK.toMs,
    tenant: `t${at % 3_000}`,
    tenant_name: '',
    model: 'H100',
    pool: `p${Math.floor(at / 3_000)}`,
    state: 'productive',
    gpu_hours: 1 + (at % 7) / 3,
    busy_gpu_hours: 0.5,
    usd_per_hour: 2,
    assumed: false,
    contract_usd_per_hour: null,
    contract: '',
    energy_kwh: at % 3_000 === 0 ? null : 0.0004,
  }))
  const rows = costRows(facts)
  const whole = facts.reduce((sum, { gpu_hours }) => sum + gpu_hours, 0)
  expect(rows.length).toBeLessThan(4_000)
  expect(rows.filter(({ tenant }) => tenant === OTHERS)).toHaveLength(3)
  expect(rows.reduce((sum, { gpu_hours }) => sum + gpu_hours, 0)).toBeCloseTo(whole, 3)
  // 8,997 rows of 0.0004 kWh, each pool in whole watt-hours: 1.1996 kWh is printed as 1.200.
  expect(rows.reduce((sum, { energy_kwh }) => sum + (energy_kwh ?? 0), 0)).toBeCloseTo(3.6, 9)
  expect(costRows(facts.slice(0, 2)).map(({ energy_kwh }) => energy_kwh)).toEqual([null, 0])
})
