import { enLoss } from '#lib/i18n/en-loss.ts'
import { zhLoss } from '#lib/i18n/zh-loss.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enLoss, zh: zhLoss } as const
