import type { Section } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both } from '../words.ts'
import { type BuildInput, HOUR_S } from './input.ts'

/** Energy of the site and its devices; what nobody metered is said, not guessed. */
export function energySection({ answers }: BuildInput): Section {
  const { energy, pue, devices_energy: devices, fleet } = answers
  const idle = fleet.loss.idle_energy
  const mwh = (kwh: number | null | undefined) => figure('mwh', kwh == null ? null : kwh / 1000)
  const roles = energy?.groups ?? []
  const it = roles.find(({ key }) => key['role'] === 'it')
  const sum = (read: (group: (typeof roles)[number]) => number | null) =>
    roles.length === 0 || roles.some((group) => read(group) === null)
      ? null
      : roles.reduce((total, group) => total + (read(group) ?? 0), 0)
  const site = sum(({ kwh }) => kwh)
  const co2 = sum(({ co2e_kg }) => co2e_kg)
  const busyHours = fleet.ledger.busy_device_seconds / HOUR_S
  const window = pue?.window
  const complete = window?.complete === true
  const lines = [
    {
      what: both('Site', '全站'),
      figure: mwh(site),
      remark: coverageRemark(pue?.window.coverage_total),
    },
    {
      what: both('IT equipment', 'IT 设备'),
      figure: mwh(it?.kwh),
      remark: coverageRemark(it?.coverage),
    },
    {
      what: both('Accelerators', '加速卡'),
      figure: mwh(devices?.coverage === null ? null : devices?.kwh),
      remark: coverageRemark(devices?.coverage),
    },
    {
      what: both(window?.name ?? 'PUE', window?.name ?? 'PUE'),
      figure: figure('ratio', complete ? window.value : (window?.value_of_known ?? null)),
      remark:
        window === undefined || complete
          ? coverageRemark(window?.coverage)
          : both(
              'incomplete: below 98 % of the period is measured on both sides',
              '不完整：两侧计量覆盖不足 98 %',
            ),
    },
    {
      what: both('Cost of the site’s energy', '全站电费'),
      figure: figure(
        'usd',
        sum(({ usd }) => usd),
      ),
      remark: roles.some(({ assumed }) => assumed) ? ASSUMED : '',
    },
    {
      what: both('CO2e, by location', 'CO2e（按地点）'),
      figure: figure('tonnes_co2e', co2 === null ? null : co2 / 1000, {
        missing: energy?.grid_factors.length === 0 ? 'not_entered' : 'not_known',
      }),
      remark: energy?.grid_factors[0]?.source ?? '',
    },
    {
      what: both('Idle devices, with cooling', '空闲设备（含散热）'),
      figure: figure('kwh', idle.coverage === null || idle.coverage === 0 ? null : idle.site_kwh),
      remark: coverageRemark(idle.coverage),
    },
    {
      what: both('Cost of that idle energy', '空闲电费'),
      figure: figure('usd', idle.usd),
      remark: idle.assumed ? ASSUMED : '',
    },
    {
      what: both('Highest quarter hour', '最高一刻钟'),
      figure: figure('mw', energy?.power.peak_mw ?? null),
      remark: '',
    },
    {
      what: both('Of the contracted power', '占合同容量'),
      figure: figure('percent', energy?.power.power_capacity_utilization ?? null, {
        missing: energy?.power.contracted_mw == null ? 'not_entered' : 'not_known',
      }),
      remark: '',
    },
    {
      what: both('Site energy per busy GPU-hour', '每忙碌卡时能耗'),
      figure: figure('kwh', site === null || busyHours === 0 ? null : site / busyHours, {
        decimals: 2,
      }),
      remark: '',
    },
  ]
  return section('energy', [figures('energy', both('Energy', '能耗'), lines)], {
    state: energy === null && devices === null ? 'not_known' : 'known',
    coverage: pue === null ? null : figure('percent', pue.window.coverage),
    lead: [
      ...(energy === null
        ? [both('No meter of the site is known for this period.', '本时段没有站点电表数据。')]
        : []),
      both(
        `Idle energy goes by a ${idle.pue_kind} PUE.`,
        idle.pue_kind === 'measured' ? '空闲能耗按实测 PUE 计算。' : '空闲能耗按设计 PUE 计算。',
      ),
    ],
  })
}

const ASSUMED = both('price assumed: $0.08 a kWh', '电价为假定值：每 kWh $0.08')

const coverageRemark = (coverage: number | null | undefined) => {
  if (coverage == null) return ''
  const { text } = figure('percent', coverage)
  return both(`${text} % measured`, `已计量 ${text} %`)
}

/** What heat took, and where there is least room. */
export function heatSection({ answers }: BuildInput): Section {
  const { throttled_by_cause: causes } = answers.fleet.loss
  const leaks = (answers.alerts ?? []).filter(({ alert }) => alert.rule.includes('leak'))
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
      figures('leaks', both('Leaks', '漏液'), [
        {
          what: both('Leak alerts', '漏液告警'),
          figure: figure('count', answers.alerts === null ? null : leaks.length),
          remark: '',
        },
      ]),
    ],
    { state: answers.racks.length === 0 ? 'not_known' : 'known' },
  )
}
