import { z } from 'zod'
import type { ReportModel } from './model.ts'

/** Languages of a report; `both` prints one after the other, numbers once where the format allows it. */
export const ReportLanguage = z.enum(['en', 'zh', 'both'])
export type ReportLanguage = z.infer<typeof ReportLanguage>

export const REPORT_FORMATS = ['json', 'html', 'pdf', 'xlsx', 'csv'] as const
export const ReportFormatName = z.enum(REPORT_FORMATS)
export type ReportFormatName = z.infer<typeof ReportFormatName>

/** One way to write a report. Same model, same language: same bytes, on any day and any machine. */
export interface ReportFormat {
  readonly name: ReportFormatName
  readonly mediaType: string
  /** Behind the dot of the file's name; CSV is several files in a zip. */
  readonly extension: string
  render(model: ReportModel, language: ReportLanguage): Promise<Uint8Array>
}
