import { z } from 'zod'
import { ReportId } from './model.ts'

const epochMs = z.int().min(0).max(8.64e15)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Base64 of a gzipped model that an entry of the journal may carry: an entry is at most 1,000,000 bytes. */
export const MODEL_BASE64_MAX = 700_000

/** A report as it was issued: the entry holds the model itself, so that it survives with the journal and nothing else. */
export const IssuedReport = z.strictObject({
  week: ReportId,
  revision: z.int().min(1).max(1000),
  from_ms: epochMs,
  to_ms: epochMs,
  definition: z.string().max(32),
  utilization: z.number().min(0).max(1).nullable(),
  coverage: z.number().min(0).max(1).nullable(),
  /** Of the model's JSON before packing: who unpacks it compares. */
  sha256,
  /** Gzip, then base64, of the model's JSON. */
  model: z.base64().max(MODEL_BASE64_MAX),
  /** Why this revision: `issued`, `late data`…; for people. */
  because: z.string().max(256),
})
export type IssuedReport = z.infer<typeof IssuedReport>

/** `mail:name@site.example`, `chat:<channel>`. */
export const RecipientId = z
  .string()
  .max(300)
  .regex(/^(mail|chat):\S+$/, 'mail:name@site.example or chat:<channel>')

/** How a report reached, or did not reach, one recipient: at most one delivery of (week, revision, recipient) is accepted. */
export const ReportDelivery = z.strictObject({
  week: ReportId,
  revision: z.int().min(1).max(1000),
  recipient: RecipientId,
  at_ms: epochMs,
  /** Counted from the last time that somebody asked for it. */
  attempt: z.int().min(1).max(1000),
  /** `failed` is tried again at `next_ms`, `dead` no more until somebody asks. */
  outcome: z.enum(['accepted', 'failed', 'dead']),
  /** One sentence for a person, secrets removed. */
  detail: z.string().max(512),
  next_ms: epochMs.nullable(),
})
export type ReportDelivery = z.infer<typeof ReportDelivery>

/** Recipients of a site at most. */
export const RECIPIENTS_MAX = 100

/** Somebody asks for a report to be sent now. */
export const ReportSend = z.strictObject({
  week: ReportId,
  revision: z.int().min(1).max(1000),
  recipients: z.array(RecipientId).min(1).max(RECIPIENTS_MAX),
  /** Also to those who have it. */
  again: z.boolean(),
})
export type ReportSend = z.infer<typeof ReportSend>

/** One kind of cost of running the site, US dollars a month, from a month on until the next line of the kind. */
export const CostLine = z.strictObject({
  kind: z.enum(['depreciation', 'staff', 'space', 'network', 'other']),
  from_ms: epochMs,
  usd_per_month: z.number().min(0).max(1e12),
  note: z.string().max(256).default(''),
})
export type CostLine = z.infer<typeof CostLine>

/** What reports need that nobody can measure; whole, replaces the one before. */
export const CostBook = z.strictObject({
  /** When the site began to count: months and the milestone go from here. */
  go_live_ms: epochMs.nullable(),
  /** The six months that are measured against the target end here; null = six months after go-live. */
  milestone_ms: epochMs.nullable().default(null),
  lines: z.array(CostLine).max(500),
})
export type CostBook = z.infer<typeof CostBook>
