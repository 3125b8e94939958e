import { enAlerts } from '#lib/i18n/en-alerts.ts'
import { zhAlerts } from '#lib/i18n/zh-alerts.ts'

/** Texts of these pages by language; beside them and not in the catalogue that the first page loads. */
export const TEXTS = { en: enAlerts, zh: zhAlerts } as const
