import { z } from 'zod'
import { JournalBody, JournalEntry } from './journal.ts'

/** Bodies of one request; each becomes an entry of its own. */
export const JOURNAL_BODIES_MAX = 16
/** Bytes of one request. */
export const JOURNAL_REQUEST_BYTES_MAX = 8 * 2 ** 20
/** Entries of one answer. */
export const JOURNAL_PAGE_MAX = 200

/** POST /api/v1/journal: changes, in the order in which they are to count. */
export const JournalRequest = z.strictObject({
  /** The journal's last sequence when this change was prepared; a journal that went on refuses it. Absent = any. */
  expected_last: z.int().min(0).optional(),
  bodies: z.array(JournalBody).min(1).max(JOURNAL_BODIES_MAX),
})
export type JournalRequest = z.infer<typeof JournalRequest>

export const JournalAppended = z.strictObject({
  /** The journal's last sequence now: the next change's `expected_last`. */
  last: z.int().min(1),
  /** One per body, in their order. */
  sequences: z.array(z.int().min(1)),
})
export type JournalAppended = z.infer<typeof JournalAppended>

/** GET /api/v1/journal */
export const JournalQuery = z.strictObject({
  from: z.coerce.number().int().min(1).default(1),
  limit: z.coerce.number().int().min(1).max(JOURNAL_PAGE_MAX).default(50),
  kind: z
    .enum([
      'inventory',
      'device_states',
      'allocations',
      'scheduler_jobs',
      'owners',
      'prices',
      'references',
      'contracts',
      'facility',
      'alerts',
      'alert_deliveries',
      'alert_acks',
      'silences',
      'roster',
      'rule_trust',
      'annotations',
      'reports',
      'report_deliveries',
      'report_sends',
      'cost_book',
    ])
    .optional(),
})
export type JournalQuery = z.infer<typeof JournalQuery>

export const JournalPage = z.strictObject({
  /** The journal's last sequence, 0 = it is empty. */
  last: z.int().min(0),
  entries: z.array(JournalEntry),
  /** Where the next page begins; null = this one reached the end. A page may be empty and still not the last. */
  next_from: z.int().min(1).nullable(),
})
export type JournalPage = z.infer<typeof JournalPage>
