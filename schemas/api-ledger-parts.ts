import { z } from 'zod'

/** What the summary and the ledger's own answers both carry. */

/** Device-seconds by state; of a broken ledger (ledger_ok false) any of them may be below 0. */
export const LedgerTimes = z.object({
  failed: z.number(),
  drained: z.number(),
  verification: z.number(),
  unknown: z.number(),
  unallocated: z.number(),
  idle_held: z.number(),
  throttled: z.number(),
  inefficient: z.number(),
  productive: z.number(),
})
export type LedgerTimes = z.infer<typeof LedgerTimes>

export const LossUsd = z.object({
  versus_capacity: z.number().nullable(),
  /** Against 0.75 busy of what is known; negative = ahead of it. */
  versus_target: z.number().nullable(),
})
