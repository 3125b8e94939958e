import { enCooling } from '#lib/i18n/en-cooling.ts'
import { zhCooling } from '#lib/i18n/zh-cooling.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enCooling, zh: zhCooling } as const
