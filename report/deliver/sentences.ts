import type { ReportModel } from '#schemas/report/model.ts'
import { type Language, periodWords, said, saidWithoutSign } from '../words.ts'

/** Sentences of mails and cards around what the report itself says: figures are its own, as printed. */

const SIMULATED = { en: '[SIMULATED] ', zh: '[模拟] ' } as const

/** `Weekly report: Week 47 of 2026` */
export function titleOf(model: ReportModel, language: Language): string {
  const en = language === 'en'
  const name = NAMES[model.kind][language]
  // Titles of built reports begin with the site.
  const isNamed = model.site === '' || model.title[language].startsWith(model.site)
  const site = isNamed ? '' : `${model.site} · `
  const revision =
    model.revision === 1 ? '' : en ? `, revision ${model.revision}` : `，第 ${model.revision} 版`
  const mark = model.simulated ? SIMULATED[language] : ''
  return `${mark}${site}${name}${en ? ': ' : '：'}${model.title[language]}${revision}`
}

const NAMES = {
  week: { en: 'Weekly report', zh: '周报' },
  month: { en: 'Monthly report', zh: '月报' },
  range: { en: 'Report', zh: '报告' },
} as const

/** The verdict's short form: `Week 47: 71.4 % busy, 3.6 points short of 75 %`. */
export function subjectOf(model: ReportModel, language: Language): string {
  const en = language === 'en'
  const figure = (name: string) => model.page.numbers.find((number) => number.name === name)?.figure
  const [busy, points] = [figure('utilization'), figure('short_points')]
  const head = `${model.simulated ? SIMULATED[language] : ''}${model.site === '' ? '' : `${model.site} · `}${periodWords(model.week, language)}${en ? ': ' : '：'}`
  const revision =
    model.revision === 1 ? '' : en ? ` (revision ${model.revision})` : `（第 ${model.revision} 版）`
  if (busy === undefined || busy.value === null)
    return `${head}${en ? 'utilization not known' : '忙碌率未知'}${revision}`
  const far = points === undefined || points.value === null ? '' : distance(points, language)
  return `${head}${en ? `${said(busy, 'en')} busy` : `忙碌率 ${said(busy, 'zh')}`}${far}${revision}`
}

function distance(points: Parameters<typeof said>[0], language: Language): string {
  const isAhead = (points.value ?? 0) < 0
  const far = saidWithoutSign(points, language)
  if (language === 'en') return `, ${far} ${isAhead ? 'ahead' : 'short'} of 75 %`
  return `，${isAhead ? '超出' : '距'} 75 % ${far}`
}

/** Verdict, causes and what is known, as a mail without HTML says them. */
export function bodyLines({ page }: ReportModel, language: Language): readonly string[] {
  const en = language === 'en'
  return [
    page.verdict[language],
    '',
    `${en ? 'Why it moved: ' : '变化原因：'}${page.cause_line[language]}`,
    '',
    page.data_line[language],
  ]
}
