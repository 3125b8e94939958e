import { enCase } from '#lib/i18n/en-case.ts'
import { enMeasured } from '#lib/i18n/en-measured.ts'
import { zhCase } from '#lib/i18n/zh-case.ts'
import { zhMeasured } from '#lib/i18n/zh-measured.ts'

/** Texts of the ladder by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = {
  en: { ...enMeasured, counters: enCase.measured.says },
  zh: { ...zhMeasured, counters: zhCase.measured.says },
} as const
