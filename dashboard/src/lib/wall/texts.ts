import { enWall } from '#lib/i18n/en-wall.ts'
import { zhWall } from '#lib/i18n/zh-wall.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enWall, zh: zhWall } as const
