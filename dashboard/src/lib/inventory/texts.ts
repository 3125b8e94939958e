import { enInventory } from '#lib/i18n/en-inventory.ts'
import { zhInventory } from '#lib/i18n/zh-inventory.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enInventory, zh: zhInventory } as const
