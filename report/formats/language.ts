import type { ReportLanguage } from '#schemas/report/format.ts'
import type { Figure, ReportWords } from '#schemas/report/figure.ts'
import { said } from '../words.ts'

/** Words as a report in some language has them; both languages stand beside each other where they differ. */
export function inLanguage({ en, zh }: ReportWords, language: ReportLanguage): string {
  if (language !== 'both') return language === 'en' ? en : zh
  return en === zh ? en : `${en} / ${zh}`
}

/** What stands where a figure is missing. */
export const missingWords = (figure: Figure, language: ReportLanguage): string =>
  inLanguage({ en: said(figure, 'en'), zh: said(figure, 'zh') }, language)
