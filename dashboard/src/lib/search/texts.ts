import { enSearch } from '#lib/i18n/en-search.ts'
import { zhSearch } from '#lib/i18n/zh-search.ts'

/** Texts of the palette by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enSearch, zh: zhSearch } as const
