import type { Figure, FigureUnit, Missing, ReportWords } from '#schemas/report/figure.ts'

/** Sentences of reports in both languages: templates take printed figures and never round. */

export type Language = 'en' | 'zh'

export const both = (en: string, zh: string): ReportWords => ({ en, zh })

/** The same template in both languages. */
export const inBoth = (write: (language: Language) => string): ReportWords => ({
  en: write('en'),
  zh: write('zh'),
})

const MISSING: Readonly<Record<Missing, Readonly<Record<Language, string>>>> = {
  not_entered: { en: 'not entered', zh: '未录入' },
  not_known: { en: 'not known', zh: '未知' },
  none: { en: 'none', zh: '无' },
}

/** Units as they follow a figure in a sentence; money stands before it. */
const UNITS: Readonly<Partial<Record<FigureUnit, Readonly<Record<Language, string>>>>> = {
  percent: { en: ' %', zh: ' %' },
  points: { en: ' points', zh: ' 个百分点' },
  gpu_hours: { en: ' GPU-hours', zh: ' 卡时' },
  seconds: { en: ' s', zh: ' 秒' },
  hours: { en: ' h', zh: ' 小时' },
  days: { en: ' days', zh: ' 天' },
  mwh: { en: ' MWh', zh: ' MWh' },
  kwh: { en: ' kWh', zh: ' kWh' },
  mw: { en: ' MW', zh: ' MW' },
  kw: { en: ' kW', zh: ' kW' },
  tonnes_co2e: { en: ' t CO2e', zh: ' 吨 CO2e' },
  kelvin: { en: ' K', zh: ' K' },
  devices: { en: ' devices', zh: ' 台' },
}

/** A figure as a sentence says it: `71.4 %`, `-$319,200`, `2 h 35 min`. */
export function said(figure: Figure, language: Language): string {
  if (figure.value === null) return MISSING[figure.missing ?? 'not_known'][language]
  if (figure.unit === 'usd' || figure.unit === 'usd_per_hour') {
    const [sign, digits] = /^([-+]?)(.*)$/.exec(figure.text)?.slice(1) ?? ['', figure.text]
    return `${sign ?? ''}$${digits ?? ''}${figure.unit === 'usd' ? '' : language === 'en' ? ' an hour' : '/小时'}`
  }
  if (figure.unit === 'minutes') return duration(figure.value, language)
  return `${figure.text}${UNITS[figure.unit]?.[language] ?? ''}`
}

/** `2 h 35 min` */
export function duration(minutes: number, language: Language): string {
  const whole = Math.round(minutes)
  const [hours, rest] = [Math.floor(whole / 60), whole % 60]
  const [h, min] = language === 'en' ? [' h', ' min'] : [' 小时', ' 分']
  if (hours === 0) return `${rest}${min}`
  return rest === 0 ? `${hours}${h}` : `${hours}${h} ${rest}${min}`
}

/** `71.4 %` as it is said without its sign: `3.6 points`. */
export const saidWithoutSign = (figure: Figure, language: Language) =>
  said({ ...figure, text: figure.text.replace(/^[-+]/, '') }, language)

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `18 Nov`, `11 月 18 日` of a local date. */
export function dayWords(date: string, language: Language): string {
  const [, month = '1', day = '1'] = date.split('-')
  if (language === 'zh') return `${Number(month)} 月 ${Number(day)} 日`
  return `${Number(day)} ${MONTHS[Number(month) - 1] ?? ''}`
}

/** Names of periods as sentences begin with them. */
export function periodWords(id: string, language: Language): string {
  const week = /^(\d{4})-W(\d{2})$/.exec(id)
  if (week !== null)
    return language === 'en' ? `Week ${Number(week[2])}` : `第 ${Number(week[2])} 周`
  const [from = id, last] = id.split('..')
  if (last !== undefined) return `${dayWords(from, language)} - ${dayWords(last, language)}`
  const [year = '', month = '1'] = id.split('-')
  return language === 'en'
    ? `${MONTHS[Number(month) - 1] ?? ''} ${year}`
    : `${year} 年 ${Number(month)} 月`
}

/** What the period before is called; of one that runs, the same part of it. */
export function beforeWords(kind: 'week' | 'month' | 'range', isSoFar: boolean): ReportWords {
  return isSoFar ? SAME_PART[kind] : BEFORE[kind]
}

const BEFORE = {
  week: both('Last week', '较上周'),
  month: both('Last month', '较上月'),
  range: both('The days before', '较此前同长时段'),
} as const

const SAME_PART = {
  week: both('Same part of last week', '较上周同期'),
  month: both('Same part of last month', '较上月同期'),
  range: both('Same part of the days before', '较此前同期'),
} as const
