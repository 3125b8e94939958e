import { z } from 'zod'

/** What /api/v1/audit answers: who changed what, the newest first. For admins only. */

export const AUDIT_OUTCOMES = ['done', 'refused', 'failed'] as const

/** GET /api/v1/audit */
export const AuditQuery = z.strictObject({
  who: z.string().min(1).max(256).optional(),
  action: z.string().min(1).max(64).optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  /** `next_before` of the page before: lines older than this. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export type AuditQuery = z.infer<typeof AuditQuery>

export const AuditItem = z.strictObject({
  seq: z.int().min(1),
  at: z.iso.datetime(),
  who: z.string(),
  role: z.string(),
  address: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
})
export type AuditItem = z.infer<typeof AuditItem>

export const AuditAnswer = z.strictObject({
  lines: z.array(AuditItem).max(200),
  /** Where the next page goes on; null = the beginning of the log was reached. */
  next_before: z.int().min(1).nullable(),
  /** Sequence of a line that does not follow from the one before, among those looked at: somebody changed the file. */
  broken_at: z.int().min(1).nullable(),
})
export type AuditAnswer = z.infer<typeof AuditAnswer>
