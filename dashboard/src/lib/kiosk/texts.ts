import { enKiosk } from '#lib/i18n/en-kiosk.ts'
import { zhKiosk } from '#lib/i18n/zh-kiosk.ts'

/** Texts of the kiosk. */
export const TEXTS = { en: enKiosk, zh: zhKiosk } as const
