import { z } from 'zod'
import { PueLabel } from './pue-label.ts'

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

const ratio = z.number().min(0).max(1)

/** What idle devices drew and what the site had to draw for them. */
export const IdleEnergy = z.object({
  /** What unallocated and idle_held devices drew, without cooling. */
  kwh: z.number(),
  /** The same with cooling and losses: kwh x pue. */
  site_kwh: z.number(),
  /** Share of capacity whose power is known. */
  coverage: ratio.nullable(),
  /** With cooling; null where no price is known or the question is too large to go by the hour. */
  usd: z.number().nullable(),
  /** With cooling, by the grid's factor of its time; null where nobody entered one. */
  co2e_kg: z.number().nullable(),
  pue: z.number(),
  /** Measured over `pue_period`, or the site's design figure where that is incomplete. */
  pue_kind: z.enum(['measured', 'design']),
  /** What a measured one may be called, and where its IT energy was metered. */
  pue_label: PueLabel.nullable(),
  pue_category: z.int().nullable(),
  pue_period: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }).nullable(),
  /** The price of electricity was never entered. */
  assumed: z.boolean(),
})
export type IdleEnergy = z.infer<typeof IdleEnergy>
