import { enExplore } from '#lib/i18n/en-explore.ts'
import { zhExplore } from '#lib/i18n/zh-explore.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enExplore, zh: zhExplore } as const

/** A field as people call it; one that is newer than this page by its own name. */
export function fieldText(fields: Readonly<Record<string, string>>, field: string): string {
  return fields[field] ?? field
}
