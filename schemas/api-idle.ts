import { z } from 'zod'
import { IDLE_ORDERS } from './orders.ts'
import { TenantNames } from './api.ts'
import { Money } from './api-ledger.ts'
import { Billing } from './billing.ts'

/** What /api/v1/idle-held/groups answers: the devices of /api/v1/idle-held, one line for what belongs together. */

/** What one line stands for. Ids of jobs repeat over clusters, so a job is found by both. */
export const IDLE_GROUPINGS = ['job', 'tenant', 'node', 'rack', 'hall', 'model', 'pool'] as const
export const IdleGrouping = z.enum(IDLE_GROUPINGS)
export type IdleGrouping = z.infer<typeof IdleGrouping>

export const IdleOrder = z.enum(IDLE_ORDERS)
export type IdleOrder = z.infer<typeof IdleOrder>

export const IdleGroup = z.object({
  /** The fields of the line that make it one: cluster and job, tenant, cluster and node… */
  key: z.record(z.string(), z.string()),
  devices: z.int(),
  nodes: z.int(),
  /** Of its devices; empty = nobody said. */
  tenants: z.array(z.string()),
  classes: z.array(z.string()),
  /** Who pays, by the holder's source and else by the owners. */
  billing: z.array(Billing),
  models: z.array(z.string()),
  /** How people reach the owner; empty = none is entered, or several tenants. */
  contact: z.string(),
  /** The longest stretch began here, the shortest there; as far as was looked. */
  since: z.iso.datetime(),
  since_latest: z.iso.datetime(),
  /** The longest may have begun earlier. */
  since_at_least: z.boolean(),
  /** Device-hours of the stretches and what they cost so far, at the prices of their time. */
  so_far: Money,
  /** All devices together, at the prices of now; null = none has a price. */
  usd_per_hour: z.number().nullable(),
  /** Devices without a price: in no dollars. */
  unpriced_devices: z.int(),
  assumed: z.boolean(),
  /** All of it is serving capacity in waiting, not waste. */
  is_reserve: z.boolean(),
})
export type IdleGroup = z.infer<typeof IdleGroup>

/** Sums over all lines that the filters leave; waste and reserve are never added. */
export const IdleTotal = z.object({
  devices: z.int(),
  usd_per_hour: z.number().nullable(),
  so_far: Money,
  assumed: z.boolean(),
})
export type IdleTotal = z.infer<typeof IdleTotal>

export const IdleGroupsAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  /** The minute before it is the one these devices are idle in; null = nothing is settled. */
  settled_until: z.iso.datetime().nullable(),
  by: IdleGrouping,
  groups: z.array(IdleGroup),
  total: z.int(),
  next_cursor: z.string().nullable(),
  waste: IdleTotal,
  reserve: IdleTotal,
  names: TenantNames,
})
export type IdleGroupsAnswer = z.infer<typeof IdleGroupsAnswer>
