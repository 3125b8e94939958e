import { enJobs } from '#lib/i18n/en-jobs.ts'
import { zhJobs } from '#lib/i18n/zh-jobs.ts'

/** Texts of these pages by language; beside them and not in the catalogue that the first page loads. */
export const TEXTS = { en: enJobs, zh: zhJobs } as const
