import type { Figure } from '#schemas/report/figure.ts'
import type { ReportHoliday, ReportModel } from '#schemas/report/model.ts'
import type { Cell, Column, Section } from '#schemas/report/section.ts'
import { UNIT_NAMES } from '../table.ts'
import { both, dayWords, type Language, said } from '../words.ts'

/** What only printed pages say: headings and remarks around the model's own words and figures. */
export const PRINTED = {
  simulated: both(
    'SIMULATED: these devices do not exist; every figure was made by the demo.',
    '模拟数据：这些设备并不存在，所有数字均由演示程序生成。',
  ),
  draft: both('Draft: not issued', '草稿：尚未发布'),
  why: both('Why', '原因'),
  waterfall: both('Where the hours went', '卡时去向'),
  step: both('State', '状态'),
  hours: both('GPU-hours', '卡时'),
  cost: both('Cost', '费用'),
  heatMap: both('Hour by hour, % busy', '逐小时忙碌率（%）'),
  legend: both(
    'Below 60: ■ · 60-65: ▲ · 65-70: ● · 70-75: no mark · 75 and more: bold · not known: ?',
    '低于 60：■ · 60-65：▲ · 65-70：● · 70-75：无标记 · 75 及以上：粗体 · 未知：?',
  ),
  day: both('Day', '日期'),
  below: both('min < 60', '<60 分钟数'),
  actions: both('Next week', '下周行动'),
  lastActions: both("What came of last week's actions", '上周行动结果'),
  who: both('Who', '负责人'),
  due: both('until', '截止'),
  promised: both('worth', '价值'),
  known: both('Known', '已知'),
  changes: both('What this revision changed', '本次修订的变化'),
  changed: both('Figure', '指标'),
  before: both('Before', '之前'),
  after: both('Now', '现在'),
  notEntered: both('Nobody has entered this yet.', '尚未录入。'),
  none: both('None in this period.', '本期无。'),
  notKnown: both('Nothing is known of this.', '没有相关数据。'),
  definition: both('Definition set', '口径版本'),
  settled: both('settled until', '已结算至'),
  times: both('Times in', '时区'),
} as const

/** Stands behind the date of a holiday. */
export const HOLIDAY_MARK = '◆'

/** `◆ 1 Oct National Day · 2 Oct National Day`; empty where there was none. */
export const holidayLine = (holidays: readonly ReportHoliday[], language: Language): string =>
  holidays.length === 0
    ? ''
    : `${HOLIDAY_MARK} ${holidays.map(({ date, name }) => `${dayWords(date, language)} ${name[language]}`).join(' · ')}`

/** A day of the heat map as its row begins: `11-18`, `11-18 ◆`. */
export const dayLabel = (date: string, holidays: readonly ReportHoliday[]): string =>
  holidays.some((holiday) => holiday.date === date)
    ? `${date.slice(5)} ${HOLIDAY_MARK}`
    : date.slice(5)

/** Rows that a page leaves out. */
export const moreRows = (rows: number, language: Language): string =>
  language === 'en' ? `${rows} more in the spreadsheet` : `另有 ${rows} 行，见电子表格`

export const pageOf = (page: number, pages: number, language: Language): string =>
  language === 'en' ? `Page ${page} of ${pages}` : `第 ${page} 页，共 ${pages} 页`

export const STATES = {
  done: both('done', '完成'),
  partly: both('partly', '部分完成'),
  open: both('open', '未完成'),
  worse: both('worse', '变差'),
  not_known: both('not known', '未知'),
} as const

/** A cell of a table as text; a figure under a unit of its column is digits only. */
export function cellText(cell: Cell | undefined, column: Column, language: Language): string {
  if (cell === undefined || typeof cell === 'string') return cell ?? ''
  if (!('text' in cell)) return cell[language]
  return figureText(cell, column, language)
}

function figureText(figure: Figure, { unit }: Column, language: Language): string {
  if (figure.value === null) return said(figure, language)
  return unit === figure.unit || unit === null ? digits(figure) : said(figure, language)
}

const digits = (figure: Figure) => figure.text

/** Head of a column with its unit. */
export function headText({ title, unit }: Column, language: Language): string {
  const name = title[language]
  if (unit === null) return name
  const unitName = UNIT_NAMES[unit][language]
  // `GPU-hours (GPU-hours)` says nothing more.
  return name.toLowerCase().endsWith(unitName.toLowerCase()) ? name : `${name} (${unitName})`
}

/** What stands in place of a table without rows. */
export const emptyText = ({ state }: Pick<Section, 'state'>, language: Language): string =>
  (state === 'known' ? PRINTED.none : PRINTED.notKnown)[language]

/** Figures stand at the right edge of their column. */
export const isNumeric = (cell: Cell | undefined): boolean =>
  typeof cell === 'object' && 'text' in cell

/** What stands at the foot of every page: what the figures are and until when they were known. */
export function footLine(model: ReportModel, language: Language): string {
  const { week, revision, definition, sources, time_zone: zone } = model
  const settled = sources.settled_until
  const parts = [
    `Plimsoll ${week}`,
    revision === 0 ? PRINTED.draft[language] : `r${revision}`,
    `${PRINTED.definition[language]} ${definition}`,
    ...(settled === null ? [] : [`${PRINTED.settled[language]} ${localTime(settled, zone)}`]),
    `${PRINTED.times[language]} ${zone}`,
  ]
  return parts.join(' · ')
}

/** `2026-11-23 06:00` of the site. */
export function localTime(time: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  })
  return format.format(new Date(time))
}

/** `2026-11-16 - 2026-11-22`, the last day included. */
export function spanText({ from, to, time_zone: zone }: ReportModel): string {
  const last = new Date(Date.parse(to) - 1).toISOString()
  const day = (time: string) => localTime(time, zone).slice(0, 10)
  return day(from) === day(last) ? day(from) : `${day(from)} - ${day(last)}`
}
