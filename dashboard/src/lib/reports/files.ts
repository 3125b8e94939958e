import type { ReportFormatName, ReportLanguage } from '#schemas/report/format.ts'
import { apiUrl } from '#lib/api.ts'

/** Files of a report by format and language, named as the server names them. */

export const LANGUAGES = ['en', 'zh', 'both'] as const satisfies readonly ReportLanguage[]

const EXTENSIONS: Readonly<Record<ReportFormatName, string>> = {
  json: 'json',
  html: 'html',
  pdf: 'pdf',
  xlsx: 'xlsx',
  csv: 'csv.zip',
}

export interface ReportFile {
  readonly language: ReportLanguage
  readonly name: string
  readonly href: string
}

interface Report {
  readonly week: string
  /** 0 = a draft. */
  readonly revision: number
}

/** Exactly the revision that is shown: a later one does not change where a link leads. */
export function fileOf(
  { week, revision }: Report,
  format: ReportFormatName,
  language: ReportLanguage,
): ReportFile {
  const state = revision === 0 ? 'draft' : `r${revision}`
  return {
    language,
    name: `plimsoll-${week}-${state}-${language}.${EXTENSIONS[format]}`,
    href: apiUrl(`reports/${encodeURIComponent(week)}`, { format, lang: language, revision }),
  }
}

/** JSON holds both languages whatever is asked: it is one file. */
export const filesOf = (report: Report, format: ReportFormatName): ReportFile[] =>
  (format === 'json' ? (['both'] as const) : LANGUAGES).map((language) =>
    fileOf(report, format, language),
  )
