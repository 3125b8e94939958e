import { enPipeline } from '#lib/i18n/en-pipeline.ts'
import { zhPipeline } from '#lib/i18n/zh-pipeline.ts'

/** Texts of this page by language; beside it and not in the catalogue that the first page loads. */
export const TEXTS = { en: enPipeline, zh: zhPipeline } as const
