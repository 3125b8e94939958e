import { enSettings } from '#lib/i18n/en-settings.ts'
import { zhSettings } from '#lib/i18n/zh-settings.ts'

/** Texts of these pages by language; beside them and not in the catalogue that the first page loads. */
export const TEXTS = { en: enSettings, zh: zhSettings } as const
