import { enReports } from '#lib/i18n/en-reports.ts'
import { zhReports } from '#lib/i18n/zh-reports.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enReports, zh: zhReports } as const
