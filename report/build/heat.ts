import type { AlertTold, LoopDrift } from '#schemas/report/facts.ts'
import type { Section, Table } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both } from '../words.ts'
import type { BuildInput } from './input.ts'

/** What heat took, and where there is least room. */
export function heatSection(input: BuildInput): Section {
  const { answers } = input
  const { throttled_by_cause: causes } = answers.fleet.loss
  const leaks = (answers.alerts ?? []).filter(
    ({ alert: { rule } }) => rule.includes('leak') && !rule.includes('detector'),
  )
  const lines = [
    { what: both('Throttled for heat', '过热降频'), ...causes.heat },
    { what: both('Throttled by power brake', '功率制动降频'), ...causes.power_brake },
    { what: both('Throttled by hardware', '硬件降频'), ...causes.hardware },
  ]
  return section(
    'heat',
    [
      table('throttled', both('What throttling took', '降频损失'), {
        columns: [
          column('what', 'Cause', '原因'),
          column('gpu_hours', 'GPU-hours', '卡时', 'gpu_hours'),
          column('usd', 'USD', '美元', 'usd'),
        ],
        rows: lines.map(({ what, gpu_hours, usd }) => ({
          what,
          gpu_hours: figure('gpu_hours', gpu_hours, { decimals: 1 }),
          usd: figure('usd', usd),
        })),
      }),
      table('racks', both('Racks with the least margin', '余量最小的机柜'), {
        columns: [
          column('hall', 'Hall', '机房'),
          column('rack', 'Rack', '机柜'),
          column('margin', 'Least margin', '最小余量', 'kelvin'),
          column('hottest', 'Hottest, °C', '最高温度 °C'),
          column('throttled', 'Throttled for heat', '过热降频', 'gpu_hours'),
        ],
        rows: answers.racks.map((rack) => ({
          hall: rack.hall,
          rack: rack.rack,
          margin: figure('kelvin', rack.margin_celsius_min),
          hottest: figure('count', rack.temperature_celsius_max),
          throttled: figure('gpu_hours', rack.throttled_heat_hours, { decimals: 1 }),
        })),
        note: both(
          'Margin is known where a tool tells its own slowdown point.',
          '仅在工具给出降频温度时已知余量。',
        ),
      }),
      ...driftTable(answers.loops),
      figures('leaks', both('Leaks', '漏液'), [
        {
          what: both('Leak alerts', '漏液告警'),
          figure: figure('count', answers.alerts === null ? null : leaks.length),
          remark: '',
        },
      ]),
      ...leakTable(leaks, input),
    ],
    { state: answers.racks.length === 0 && answers.loops === null ? 'not_known' : 'known' },
  )
}

/** Cooling units whose approach rose most: fouled exchangers and failing pumps show there first. */
function driftTable(loops: readonly LoopDrift[] | null): readonly Table[] {
  if (loops === null) return []
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b)
  const drift = (a: number | null, b: number | null) =>
    figure('kelvin', less(a, b), { signed: true, decimals: 2 })
  const carried = ({ now, before }: LoopDrift) =>
    now.carried === null || before.carried === null || before.carried === 0
      ? null
      : now.carried / before.carried - 1
  return [
    table('drift', both('Cooling units against the four weeks before', 'CDU 对比此前四周'), {
      columns: [
        column('unit', 'Unit', '冷却单元'),
        column('loop', 'Loop', '回路'),
        column('hall', 'Hall', '机房'),
        column('approach', 'Approach', '逼近温差', 'kelvin'),
        column('approach_drift', 'Drift of it', '其漂移', 'kelvin'),
        column('delta', 'Return less supply', '供回水温差', 'kelvin'),
        column('delta_drift', 'Drift of it', '其漂移', 'kelvin'),
        column('carried', 'Heat carried, change', '带走热量变化', 'percent'),
        column('hours', 'Hours known', '已知小时', 'hours'),
      ],
      rows: loops.slice(0, DRIFTS_MAX).map((one) => ({
        unit: one.unit,
        loop: one.loop,
        hall: one.hall,
        approach: figure('kelvin', one.now.approach_kelvin, { decimals: 2 }),
        approach_drift: drift(one.now.approach_kelvin, one.before.approach_kelvin),
        delta: figure('kelvin', one.now.delta_kelvin, { decimals: 2 }),
        delta_drift: drift(one.now.delta_kelvin, one.before.delta_kelvin),
        carried: figure('percent', carried(one), { signed: true }),
        hours: figure('hours', one.now.hours, { decimals: 0 }),
      })),
      more: Math.max(0, loops.length - DRIFTS_MAX),
      note: both(
        'Approach: secondary supply less primary supply, mean of hours in which both are known; it rises with the heat carried, and at the same heat with fouling. Known from 24 hours on.',
        '逼近温差：二次侧供水减一次侧供水，取两者均已知的小时均值；随带走热量上升，热量不变而上升则提示结垢。满 24 小时才给出。',
      ),
    }),
  ]
}

const DRIFTS_MAX = 20
const LEAKS_MAX = 20
const MINUTE_MS = 60_000

function leakTable(leaks: readonly AlertTold[], { calendar }: BuildInput): readonly Table[] {
  if (leaks.length === 0) return []
  const when = (ms: number) => {
    const { date, hour } = calendar.local(ms)
    return `${date} ${String(hour).padStart(2, '0')} h`
  }
  const where = ({ labels }: AlertTold['alert']) =>
    labels.meter ?? labels.loop ?? labels.node ?? labels.rack ?? labels.hall ?? ''
  return [
    table('leak_list', both('Leaks told of', '漏液告警明细'), {
      columns: [
        column('where', 'Where', '位置'),
        column('hall', 'Hall', '机房'),
        column('what', 'Alert', '告警'),
        column('fired', 'Began, local', '开始（当地）'),
        column('lasted', 'Lasted', '持续', 'minutes'),
        column('answered', 'To acknowledge', '确认用时', 'minutes'),
      ],
      rows: leaks.slice(0, LEAKS_MAX).map(({ alert, acknowledged_ms }) => {
        const { fired_ms, resolved_ms } = alert
        const since = (ms: number | null) =>
          figure('minutes', ms === null || fired_ms === null ? null : (ms - fired_ms) / MINUTE_MS, {
            missing: 'none',
          })
        return {
          where: where(alert),
          hall: alert.labels.hall ?? '',
          what: alert.title,
          fired: fired_ms === null ? '' : when(fired_ms),
          lasted: since(resolved_ms),
          answered: since(acknowledged_ms),
        }
      }),
      more: Math.max(0, leaks.length - LEAKS_MAX),
    }),
  ]
}
