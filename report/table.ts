import type { Figure, FigureUnit, ReportWords } from '#schemas/report/figure.ts'
import {
  type Cell,
  type Section,
  type SectionId,
  type Table,
  TABLE_ROWS_MAX,
} from '#schemas/report/section.ts'
import { SECTION_TITLES } from './titles.ts'
import { both } from './words.ts'

/** How sections and tables of a report are put together. */

export const column = (id: string, en: string, zh: string, unit: FigureUnit | null = null) => ({
  id,
  title: both(en, zh),
  unit,
})

export function table(
  id: string,
  title: ReportWords,
  given: Pick<Table, 'columns' | 'rows'> & Partial<Pick<Table, 'total' | 'more' | 'note'>>,
): Table {
  const { columns, rows, total = null, more = 0, note = null } = given
  const cut = Math.max(0, rows.length - TABLE_ROWS_MAX)
  return { id, title, columns, rows: rows.slice(0, TABLE_ROWS_MAX), total, more: more + cut, note }
}

/** A table of one figure a line: what it is, how much, and a remark. */
export function figures(
  id: string,
  title: ReportWords,
  lines: readonly { readonly what: ReportWords; readonly figure: Figure; readonly remark?: Cell }[],
): Table {
  return table(id, title, {
    columns: [
      column('what', 'Figure', '指标'),
      column('figure', 'Value', '数值'),
      column('unit', 'Unit', '单位'),
      column('remark', 'Remark', '说明'),
    ],
    rows: lines.map(({ what, figure, remark = '' }) => ({
      what,
      figure,
      unit: UNIT_NAMES[figure.unit],
      remark,
    })),
  })
}

/** Units as heads of columns and tables name them. */
export const UNIT_NAMES: Readonly<Record<FigureUnit, ReportWords>> = {
  percent: both('%', '%'),
  points: both('points', '百分点'),
  gpu_hours: both('GPU-hours', '卡时'),
  usd: both('USD', '美元'),
  usd_per_hour: both('USD/h', '美元/小时'),
  minutes: both('min', '分钟'),
  seconds: both('s', '秒'),
  hours: both('h', '小时'),
  days: both('days', '天'),
  mwh: both('MWh', 'MWh'),
  kwh: both('kWh', 'kWh'),
  mw: both('MW', 'MW'),
  kw: both('kW', 'kW'),
  tonnes_co2e: both('t CO2e', '吨 CO2e'),
  kelvin: both('K', 'K'),
  devices: both('devices', '台'),
  count: both('count', '次'),
  ratio: both('ratio', '比值'),
}

export function section(
  id: SectionId,
  tables: Section['tables'],
  given: Partial<Pick<Section, 'state' | 'coverage' | 'lead'>> = {},
): Section {
  const { state = 'known', coverage = null, lead = [] } = given
  return { id, title: SECTION_TITLES[id], state, coverage, lead, tables }
}
