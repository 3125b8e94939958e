import type { AlertTold } from '#schemas/report/facts.ts'
import type { Section } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both } from '../words.ts'
import { median } from './median.ts'
import type { BuildInput } from './input.ts'

/** A page that ended by itself within this long and that nobody acknowledged probably should not have been one. */
const FALSE_WITHIN_MS = 5 * 60_000
const MINUTE_MS = 60_000

const SEVERITIES = [
  ['page', both('Page', '呼叫')],
  ['warn', both('Warning', '警告')],
  ['data', both('Data', '数据')],
  ['ticket', both('Ticket', '工单')],
] as const

export function alertsSection({ answers }: BuildInput): Section {
  const { alerts } = answers
  if (alerts === null)
    return section('alerts', forecastTables(answers.scores), {
      state: 'not_known',
      lead: [both('The journal of alerts could not be read.', '无法读取告警日志。')],
    })
  const row = (own: readonly AlertTold[]) => ({
    fired: figure('count', own.length),
    told: figure('count', own.filter(({ told }) => told).length),
    acknowledged: figure(
      'count',
      own.filter(({ acknowledged_ms }) => acknowledged_ms !== null).length,
    ),
    to_acknowledge: figure(
      'minutes',
      median(own.map((one) => between(one, one.acknowledged_ms))),
      NONE,
    ),
    to_resolve: figure(
      'minutes',
      median(own.map((one) => between(one, one.alert.resolved_ms))),
      NONE,
    ),
    probably_false: figure('count', own.filter(isProbablyFalse).length),
  })
  return section('alerts', [
    table('alerts', both('Alerts by severity', '按级别的告警'), {
      columns: [
        column('severity', 'Severity', '级别'),
        column('fired', 'Fired', '触发', 'count'),
        column('told', 'People told', '已通知', 'count'),
        column('acknowledged', 'Acknowledged', '已确认', 'count'),
        column('to_acknowledge', 'Median to acknowledge', '确认中位数', 'minutes'),
        column('to_resolve', 'Median to resolve', '解决中位数', 'minutes'),
        column('probably_false', 'Probably false', '疑似误报', 'count'),
      ],
      rows: SEVERITIES.map(([severity, title]) => ({
        severity: title,
        ...row(alerts.filter(({ alert }) => alert.severity === severity)),
      })),
      total: { severity: both('All', '全部'), ...row(alerts) },
      note: both(
        'Probably false: ended by itself within 5 minutes, and nobody acknowledged it. Only alerts that people were told of.',
        '疑似误报：5 分钟内自行恢复且无人确认；仅统计已通知的告警。',
      ),
    }),
    rulesTable(alerts),
    ...forecastTables(answers.scores),
  ])
}

const NONE = { missing: 'none' } as const

const between = ({ alert }: AlertTold, ms: number | null): number | null =>
  ms === null || alert.fired_ms === null ? null : (ms - alert.fired_ms) / MINUTE_MS

const isProbablyFalse = ({ alert, acknowledged_ms, told }: AlertTold) =>
  told &&
  acknowledged_ms === null &&
  alert.fired_ms !== null &&
  alert.resolved_ms !== null &&
  alert.resolved_ms - alert.fired_ms <= FALSE_WITHIN_MS

function rulesTable(alerts: readonly AlertTold[]) {
  const byRule = [...Map.groupBy(alerts, ({ alert }) => alert.rule)]
    .toSorted(([a, own], [b, other]) => other.length - own.length || (a < b ? -1 : 1))
    .slice(0, 10)
  return table('rules', both('Rules that fired most', '触发最多的规则'), {
    columns: [
      column('rule', 'Rule', '规则'),
      column('fired', 'Fired', '触发', 'count'),
      column('told', 'People told', '已通知', 'count'),
    ],
    rows: byRule.map(([rule, own]) => ({
      rule: own[0]?.alert.title ?? rule,
      fired: figure('count', own.length),
      told: figure('count', own.filter(({ told }) => told).length),
    })),
  })
}

/** How forecasts an hour ahead turned out beside what a child would have said: that nothing changes. */
function forecastTables(scores: BuildInput['answers']['scores']) {
  if (scores === null || scores.length === 0) return []
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  return [
    figures('forecast', both('Forecasts an hour ahead', '提前一小时的预测'), [
      { what: both('Forecasts scored', '已评分次数'), figure: figure('count', scores.length) },
      {
        what: both('Mean error', '平均误差'),
        figure: figure('points', mean(scores.map(({ error }) => error)), { decimals: 2 }),
      },
      {
        what: both('Mean error of “as it is now”', '“维持现状”的平均误差'),
        figure: figure('points', mean(scores.map(({ persistence_error }) => persistence_error)), {
          decimals: 2,
        }),
      },
      {
        what: both('Within its 10-90 % band', '落入 10-90 % 区间'),
        figure: figure('percent', mean(scores.map(({ inside }) => Number(inside)))),
      },
    ]),
  ]
}
