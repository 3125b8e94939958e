import {
  ReportDeliveries,
  type ReportDeliveryItem,
  ReportIssued,
  type ReportLine,
  ReportsAnswer,
  ReportSendAnswer,
} from '#schemas/api-reports.ts'
import type { Figure, FigureUnit } from '#schemas/report/figure.ts'
import { ReportModel } from '#schemas/report/model.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'

/** TEST ONLY. Two weeks: 47 is whole and not yet issued, 48 runs; 46 was issued twice. */

/** `none`: nothing was ever issued, and nothing is settled of the week that runs. */
export type StubReports = 'well' | 'none'

const HOUR_MS = 3_600_000
const WEEK_MS = 168 * HOUR_MS
/** Monday 16 November 2026, 00:00 in Shanghai. */
const W47_MS = Date.UTC(2026, 10, 15, 16)
const iso = (ms: number) => new Date(ms).toISOString()
const both = (en: string, zh: string) => ({ en, zh })

function figure(unit: FigureUnit, value: number | null, text = ''): Figure {
  const missing = value === null ? 'not_entered' : null
  return { unit, value, text, decimals: text.split('.')[1]?.length ?? 0, exact: value, missing }
}

const WEEKS = ['2026-W46', '2026-W47', '2026-W48'] as const
type Week = (typeof WEEKS)[number]
const fromOf = (week: Week) => W47_MS + (WEEKS.indexOf(week) - 1) * WEEK_MS

const action = {
  id: 'idle-tenant-videogen-7',
  kind: 'idle_tenant',
  subject: 'videogen-7',
  owner: both('Chen Wei <chen.wei@site.example>', '陈伟 <chen.wei@site.example>'),
  words: both('Give back 128 devices that stand idle at night', '归还夜间空闲的 128 台设备'),
  due: '2026-11-30',
  cost: figure('usd', 82_000, '82,000'),
  promised: figure('usd', 41_000, '41,000'),
}

const firstPage = (week: Week) => ({
  verdict: both(
    `Week ${week.slice(-2)}: 71.4 % busy. Target 75 %: 3.6 points short, 302,400 GPU-hours, $604,800. Under 60 % for 2 h 35 min. Last week -1.9 points (-$319,200). 99.2 % of hours known: true value 70.8-71.6 %. Sold 92 %, used 71 %.`,
    `第 ${week.slice(-2)} 周：忙碌率 71.4 %。目标 75 %：差 3.6 个百分点，302,400 卡时，$604,800。低于 60 % 共 2 小时 35 分。较上周 -1.9 个百分点（-$319,200）。99.2 % 的卡时已知。`,
  ),
  cause_line: both(
    '-1.9 points: jobs ended -1.4, drained -0.8, same jobs more efficient +0.4, rest -0.1',
    '-1.9 个百分点：作业结束 -1.4，下线 -0.8，同一作业效率提高 +0.4，其余 -0.1',
  ),
  data_line: both(
    '99.2 % of hours known; 67,104 GPU-hours unknown, not priced',
    '99.2 % 的卡时已知；67,104 卡时未知，不计价',
  ),
  numbers: [
    ['utilization', both('Busy', '忙碌率'), figure('percent', 71.4, '71.4')],
    ['short_points', both('Short of target', '距目标'), figure('points', 3.6, '3.6')],
    [
      'short_gpu_hours',
      both('GPU-hours short', '差额卡时'),
      figure('gpu_hours', 302_400, '302,400'),
    ],
    ['short_usd', both('Dollars short', '差额金额'), figure('usd', 604_800, '604,800')],
    ['minutes_below_danger', both('Under 60 %', '低于 60 %'), figure('minutes', 155, '155')],
    ['change_usd', both('In dollars', '折合'), figure('usd', -319_200, '-319,200')],
    ['sold', both('Sold', '已售'), figure('percent', null)],
  ].map(([name, label, shown]) => ({ name, label, figure: shown })),
  actions: [action],
  last_actions: [
    {
      ...action,
      id: 'drained-h2-r17',
      kind: 'drained',
      words: both('Bring rack h2-r17 back', '恢复机柜 h2-r17'),
      state: 'partly',
      returned: figure('usd', 28_600, '28,600'),
      result: both('promised $41,000, returned $28,600', '承诺 $41,000，收回 $28,600'),
    },
  ],
})

const CHANGES = [
  {
    what: both('Busy', '忙碌率'),
    before: figure('percent', 71.1, '71.1'),
    after: figure('percent', 71.4, '71.4'),
    why: both('3,120 device-hours came late', '3,120 设备小时迟到'),
  },
]

function modelOf(week: Week, revision: number): ReportModel {
  const from = fromOf(week)
  const isRunning = week === '2026-W48'
  const to = from + (isRunning ? 9 * HOUR_MS : WEEK_MS)
  return ReportModel.parse({
    week,
    revision,
    from: iso(from),
    to: iso(to),
    utilization: isRunning ? 0.6812 : 0.71384,
    coverage: isRunning ? 0.981 : 0.992,
    definition: DEFINITION_SET,
    kind: 'week',
    state: isRunning ? 'so_far' : 'whole',
    time_zone: 'Asia/Shanghai',
    hours: (to - from) / HOUR_MS,
    site: 'Ulanqab 1',
    simulated: true,
    title: both(
      `Week ${week.slice(-2)} of 2026${isRunning ? ', so far' : ''}`,
      `2026 年第 ${week.slice(-2)} 周${isRunning ? '，至今' : ''}`,
    ),
    versus: null,
    page: firstPage(week),
    card: both('Busy 71.4 %.', '忙碌率 71.4 %。'),
    waterfall: [],
    heat_map: [],
    holidays: [],
    costs: [],
    changes: revision === 2 ? CHANGES : [],
    sections: [],
    sources: {
      query_ids: [],
      queries_hash: 'e'.repeat(64),
      settled_until: iso(to),
      states_final_until: iso(to),
      journal: 512,
      prices: 12,
      contracts: 13,
      owners: 14,
      cost_book: null,
      facility_entries: 3,
      inventory_entries: 25,
    },
  })
}

function lineOf(week: Week, revision: number, because: string): ReportLine {
  const from_ms = fromOf(week)
  return {
    week,
    revision,
    from_ms,
    to_ms: from_ms + WEEK_MS,
    definition: DEFINITION_SET,
    utilization: revision === 2 ? 0.71384 : 0.711,
    coverage: 0.992,
    issued_ms: from_ms + WEEK_MS + (8 + 24 * (revision - 1)) * HOUR_MS,
    issued_by: revision === 2 ? 'lin' : 'chen.wei',
    because,
    sha256: 'a'.repeat(64),
  }
}

interface Question {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

type Answer = {
  readonly body: unknown
  readonly status?: number
}

const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { code, message, docs: `docs/errors.md#${code.toLowerCase()}` } },
})

const RECIPIENTS = ['mail:boss@site.example', 'chat:ops'] as const

/** One attempt; nothing is tried twice within a test. */
const delivery = (week: Week, recipient: string, more: object): ReportDeliveryItem => ({
  week,
  revision: 1,
  recipient,
  state: 'accepted',
  attempts: 1,
  at_ms: fromOf(week) + WEEK_MS + 8 * HOUR_MS,
  accepted_ms: fromOf(week) + WEEK_MS + 8 * HOUR_MS,
  next_ms: null,
  detail: 'accepted',
  asked_by: null,
  ...more,
})

const NOBODY = ReportDeliveries.parse({
  at_ms: W47_MS,
  time_zone: 'Asia/Shanghai',
  schedule: { day: 'mon', at: '08:07', monthly: false },
  next_ms: null,
  recipients: [],
  due: [],
  missed: [],
  deliveries: [],
  simulated: true,
})

const deliveriesOf = (sent: readonly ReportDeliveryItem[]) =>
  ReportDeliveries.parse({
    at_ms: W47_MS,
    time_zone: 'Asia/Shanghai',
    schedule: { day: 'mon', at: '08:07', monthly: true },
    next_ms: W47_MS + WEEK_MS + 8 * HOUR_MS,
    recipients: RECIPIENTS.map((recipient) => ({
      recipient,
      channel: 'relay',
      language: 'both',
      attach: ['pdf'],
    })),
    due: [],
    missed: ['2026-W45'],
    deliveries: sent,
    simulated: true,
  })

/** Answers of one stub: what is issued stays issued. */
export function reportsStub(state: StubReports = 'well') {
  const issued: ReportLine[] =
    state === 'none'
      ? []
      : [lineOf('2026-W46', 2, 'utilization +0.3 points'), lineOf('2026-W46', 1, 'issued')]
  const newest = (week: string) => issued.find((line) => line.week === week)?.revision ?? 0

  const sent = [
    delivery('2026-W46', RECIPIENTS[0], {}),
    delivery('2026-W46', RECIPIENTS[1], {
      state: 'dead',
      accepted_ms: null,
      detail: 'code 19021: sign match fail',
    }),
  ]
  const send = (week: Week): Answer => {
    issue(week)
    const results = RECIPIENTS.map((recipient) => ({
      recipient,
      result: 'queued',
      accepted_ms: null,
    }))
    sent.push(
      ...RECIPIENTS.map((recipient) =>
        delivery(week, recipient, { revision: newest(week), asked_by: 'ann' }),
      ),
    )
    const body = ReportSendAnswer.parse({ week, revision: newest(week), results })
    return { body, status: 202 }
  }
  function issue(week: Week): Answer {
    const isNew = newest(week) === 0
    if (isNew) issued.unshift(lineOf(week, 1, 'issued'))
    return { body: ReportIssued.parse({ week, revision: newest(week), is_new: isNew }) }
  }

  return ({ method, path, query }: Question): Answer | null => {
    if (path === 'reports')
      return {
        body: ReportsAnswer.parse({
          latest: '2026-W47',
          running: '2026-W48',
          time_zone: 'Asia/Shanghai',
          formats: ['json', 'html', 'xlsx', 'csv'],
          reports: issued,
          simulated: true,
        }),
      }
    if (!path.startsWith('reports/')) return null
    if (path === 'reports/deliveries')
      return { body: state === 'none' ? NOBODY : deliveriesOf(sent) }
    const ordered = WEEKS.find((id) => path === `reports/${id}/send`)
    if (ordered !== undefined) return send(ordered)
    const week = WEEKS.find((id) => path === `reports/${id}`)
    if (week === undefined || (state === 'none' && week === '2026-W48'))
      return refusal(404, 'E_REPORT_EMPTY', 'nothing is settled of this period')
    if (method === 'POST') return issue(week)
    const revision = Number(query.get('revision') ?? newest(week))
    return { body: modelOf(week, revision) }
  }
}
