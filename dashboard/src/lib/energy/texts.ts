import { enEnergy } from '#lib/i18n/en-energy.ts'
import { zhEnergy } from '#lib/i18n/zh-energy.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enEnergy, zh: zhEnergy } as const
