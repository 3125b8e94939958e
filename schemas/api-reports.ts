import { z } from 'zod'
import { WEEKDAYS } from './alerts/roster-config.ts'
import { REPORT_FORMATS, ReportFormatName, ReportLanguage } from './report/format.ts'
import { RECIPIENTS_MAX, RecipientId } from './report/issued.ts'
import { ReportId } from './report/model.ts'

/** What /api/v1/reports answers. A report itself is `ReportModel`, or a file in one of its formats. */

/** Deliveries of one answer: the newest. */
export const DELIVERIES_MAX = 500

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

/** What became of one revision on its way to one recipient. */
export const ReportDeliveryItem = z.strictObject({
  week: ReportId,
  revision: z.int().min(1),
  /** `mail:name@site.example`, `chat:<channel>`. */
  recipient: RecipientId,
  /** waiting: not tried yet, or tried again at `next_ms`; dead: tried no more until somebody asks. */
  state: z.enum(['waiting', 'accepted', 'dead']),
  /** Since it was last asked for. */
  attempts: z.int().min(0),
  /** The last attempt; null = none yet. */
  at_ms: epochMs.nullable(),
  /** First accepted; stays when it is asked for again. */
  accepted_ms: epochMs.nullable(),
  next_ms: epochMs.nullable(),
  /** What the receiver said last. */
  detail: z.string(),
  /** Who asked for it; null = the schedule. */
  asked_by: z.string().nullable(),
})
export type ReportDeliveryItem = z.infer<typeof ReportDeliveryItem>

/** GET /api/v1/reports/deliveries: who gets reports, what is due, and who got what, newest first. */
export const ReportDeliveries = z.strictObject({
  at_ms: epochMs,
  time_zone: z.string(),
  /** By the site's clock. */
  schedule: z.strictObject({ day: z.enum(WEEKDAYS), at: z.string(), monthly: z.boolean() }),
  /** When the next report is due; null = nobody is to get one. */
  next_ms: epochMs.nullable(),
  recipients: z.array(
    z.strictObject({
      recipient: RecipientId,
      /** Channel that takes the card, or whose relay sends the mail. */
      channel: z.string(),
      language: ReportLanguage,
      attach: z.array(ReportFormatName),
    }),
  ),
  /** Periods that everybody should have by now; `missing` = who has not. */
  due: z.array(
    z.strictObject({
      week: ReportId,
      due_ms: epochMs,
      revision: z.int().nullable(),
      missing: z.array(RecipientId),
    }),
  ),
  /** Older periods that reached nobody: they are not sent by themselves. */
  missed: z.array(ReportId),
  deliveries: z.array(ReportDeliveryItem).max(DELIVERIES_MAX),
  simulated: z.boolean(),
})
export type ReportDeliveries = z.infer<typeof ReportDeliveries>

/** POST /api/v1/reports/{week}/send */
export const ReportSendRequest = z.strictObject({
  /** Absent = all recipients of the alerting file. */
  recipients: z.array(RecipientId).min(1).max(RECIPIENTS_MAX).optional(),
  /** Absent = the newest; a period that was not issued is issued first. */
  revision: z.int().min(1).max(1000).optional(),
  /** Also to those who have it. */
  again: z.boolean().default(false),
})
export type ReportSendRequest = z.infer<typeof ReportSendRequest>

/** 202 where something is sent, 200 where everybody has it; what becomes of it is in /reports/deliveries. */
export const ReportSendAnswer = z.strictObject({
  week: ReportId,
  revision: z.int().min(1),
  results: z.array(
    z.strictObject({
      recipient: RecipientId,
      /** queued: sent within seconds where reports are sent; has_it: accepted before, not sent again. */
      result: z.enum(['queued', 'has_it']),
      accepted_ms: epochMs.nullable(),
    }),
  ),
})
export type ReportSendAnswer = z.infer<typeof ReportSendAnswer>
