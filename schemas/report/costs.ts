import { z } from 'zod'
import { LEDGER_STATES } from '#schemas/ledger.ts'

/** Rows of one report at most; the smallest tenants are joined beyond. */
export const COST_ROWS_MAX = 4_000

/** Hours of one tenant, or of nobody, on one model in one pool and state: what the cost file is written from. */
export const CostRow = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Empty = nobody held it: the site's own account. */
  tenant: z.string().max(256),
  tenant_name: z.string().max(256),
  model: z.string().max(256),
  pool: z.string().max(256),
  state: z.enum(LEDGER_STATES),
  /** Four digits behind the point; all rows sum to capacity in them. */
  gpu_hours: z.number(),
  busy_gpu_hours: z.number(),
  /** Three digits; of a model and pool all rows sum to what /energy/devices has. Null = nothing measured it. */
  energy_kwh: z.number().min(0).nullable(),
  /** Null = unpriced, never 0. */
  list_usd_per_hour: z.number().min(0).nullable(),
  contract_usd_per_hour: z.number().min(0).nullable(),
  contract: z.string().max(128),
  /** Nobody entered the price. */
  assumed: z.boolean(),
})
export type CostRow = z.infer<typeof CostRow>
