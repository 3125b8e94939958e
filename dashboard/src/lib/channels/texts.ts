import { enChannels } from '#lib/i18n/en-channels.ts'
import { zhChannels } from '#lib/i18n/zh-channels.ts'

/** Texts of channels and the roster by language; beside them and not in the catalogue that the first page loads. */
export const TEXTS = { en: enChannels, zh: zhChannels } as const
