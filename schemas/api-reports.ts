import { z } from 'zod'
import { REPORT_FORMATS, ReportFormatName, ReportLanguage } from './report/format.ts'
import { ReportId } from './report/model.ts'

/** What /api/v1/reports answers. A report itself is `ReportModel`, or a file in one of its formats. */

const epochMs = z.int().min(0).max(8.64e15)
const ratio = z.number().min(0).max(1).nullable()

/** One issued revision. */
export const ReportLine = z.strictObject({
  week: ReportId,
  revision: z.int().min(1),
  from_ms: epochMs,
  to_ms: epochMs,
  definition: z.string(),
  utilization: ratio,
  coverage: ratio,
  issued_ms: epochMs,
  issued_by: z.string(),
  because: z.string(),
  sha256: z.string(),
})
export type ReportLine = z.infer<typeof ReportLine>

/** GET /api/v1/reports: newest period first, of each the newest revision first. */
export const ReportsAnswer = z.strictObject({
  /** Id of the last whole week, and of the one that runs. */
  latest: ReportId,
  running: ReportId,
  time_zone: z.string(),
  formats: z.array(ReportFormatName).max(REPORT_FORMATS.length),
  reports: z.array(ReportLine),
  simulated: z.boolean(),
})
export type ReportsAnswer = z.infer<typeof ReportsAnswer>

/** GET /api/v1/reports/{week} */
export const ReportQuery = z.strictObject({
  format: ReportFormatName.default('json').describe('how it is written'),
  lang: ReportLanguage.default('en').describe('language of what people read; JSON has both'),
  revision: z
    .string()
    .regex(/^\d{1,4}$/, 'a whole number')
    .transform(Number)
    .optional()
    .describe(
      'absent = the newest that was issued, else a draft; 0 = a draft of what is settled now',
    ),
})

/** POST /api/v1/reports/{week} */
export const ReportIssued = z.strictObject({
  week: ReportId,
  revision: z.int().min(1),
  /** False = the newest revision stands: nothing changed that readers must be told of. */
  is_new: z.boolean(),
})
export type ReportIssued = z.infer<typeof ReportIssued>
