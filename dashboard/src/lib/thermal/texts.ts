import { enThermal } from '#lib/i18n/en-thermal.ts'
import { zhThermal } from '#lib/i18n/zh-thermal.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enThermal, zh: zhThermal } as const
