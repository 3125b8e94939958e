import { enCase } from '#lib/i18n/en-case.ts'
import { zhCase } from '#lib/i18n/zh-case.ts'

/** Texts by language; beside the pages of devices and nodes and not in the catalogue that the first page loads. */
export const TEXTS = { en: enCase, zh: zhCase } as const
