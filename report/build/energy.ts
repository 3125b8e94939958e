import type { PueFigures } from '#schemas/api-facility.ts'
import type { Cell, Section, Table } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both } from '../words.ts'
import { type BuildInput, HOUR_S } from './input.ts'

/** Energy of the site and its devices; what nobody metered is said, not guessed. */
export function energySection(input: BuildInput): Section {
  const { answers } = input
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
  const months = monthsTable(input)
  const tables = [figures('energy', both('Energy', '能耗'), lines), ...months]
  return section('energy', tables, {
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

/** PUE by month to the end of the period, from the first month that meters speak of on. */
function monthsTable({ answers, calendar }: BuildInput): readonly Table[] {
  const { pue_year: year } = answers
  if (year === null) return []
  const first = year.periods.findIndex(({ buckets }) => buckets.counted > 0)
  if (first < 0) return []
  const line = (when: Cell, one: PueFigures) => ({
    month: when,
    label: one.name,
    ratio: figure('ratio', one.complete ? one.value : one.value_of_known),
    coverage: figure('percent', one.coverage),
    load: figure('kw', one.it_load_kw),
    remark: one.complete
      ? ''
      : both('incomplete: below 98 % measured', '不完整：计量覆盖不足 98 %'),
  })
  return [
    table('pue_months', both('PUE by month, twelve months', '近十二个月逐月 PUE'), {
      columns: [
        column('month', 'Month', '月份'),
        column('label', 'Label', '标签'),
        column('ratio', 'PUE', 'PUE', 'ratio'),
        column('coverage', 'Known', '已知', 'percent'),
        column('load', 'Mean IT load', '平均 IT 负载', 'kw'),
        column('remark', 'Remark', '说明'),
      ],
      rows: [
        ...year.periods
          .slice(first)
          .map((one) => line(calendar.local(Date.parse(one.from)).date.slice(0, 7), one)),
        line(both('Twelve months', '十二个月'), year.window),
      ],
      note: both(
        'A ratio of sums, never a mean of months; only twelve whole months may be called PUE. The first and the last month may be cut.',
        '按总量相除，不对月值求平均；仅满十二个月可称 PUE。首末月可能不满。',
      ),
    }),
  ]
}

const ASSUMED = both('price assumed: $0.08 a kWh', '电价为假定值：每 kWh $0.08')

const coverageRemark = (coverage: number | null | undefined) => {
  if (coverage == null) return ''
  const { text } = figure('percent', coverage)
  return both(`${text} % measured`, `已计量 ${text} %`)
}
