import { z } from 'zod'
import { AnswerFrame, GroupKey, TierFigure } from './api.ts'
import { IdleEnergy, LedgerTimes, LossUsd } from './api-ledger-parts.ts'
import { Billing } from './billing.ts'

/**
 * What /api/v1/ledger, /loss, /utilization/tiers, /owners and /idle-held answer. Time is device-seconds unless a name
 * says hours, money US dollars; docs/numbers.md says what each figure means.
 */

const ratio = z.number().min(0).max(1)
const seconds = z.number().min(0)

/** Steps of a waterfall, in their order. */
export const WATERFALL_STEPS = [
  'capacity',
  'failed',
  'drained',
  'verification',
  'unknown',
  'unallocated',
  'idle_held',
  'part_busy',
  'busy_while_quiet',
  'busy',
] as const

/** Utilization with what it stands on. */
const bounds = {
  /** busy / known; null when nothing is known. */
  utilization: ratio.nullable(),
  util_lo: ratio.nullable(),
  util_hi: ratio.nullable(),
  /** known / base; null when there is no capacity. */
  coverage: ratio.nullable(),
  capacity_device_seconds: seconds,
  base_device_seconds: seconds,
  known_device_seconds: seconds,
  busy_device_seconds: seconds,
}

export const LedgerGroup = z.object({
  key: GroupKey,
  /** Distinct accepted devices with capacity in the window. */
  devices: z.int(),
  ...bounds,
  ledger: LedgerTimes,
  /** The part of idle_held that is serving capacity in waiting. */
  reserve_device_seconds: z.number(),
  busy_by_state: LedgerTimes,
  throttled_by_cause: z.object({
    heat: z.number(),
    power_brake: z.number(),
    hardware: z.number(),
  }),
  /** From capacity to busy: the first and the last step are sums, the others what is added on the way. */
  waterfall: z.array(z.object({ step: z.enum(WATERFALL_STEPS), device_seconds: z.number() })),
  /** Capacity by who names the holder; '' = settled before that was known. */
  allocation_sources: z.record(z.string(), z.number()),
  /** Whether the nine states sum to capacity in whole milliseconds. */
  ledger_ok: z.boolean(),
  /** Capacity that no state has; 0 unless the ledger is broken. */
  missing_device_seconds: z.number(),
})
export type LedgerGroup = z.infer<typeof LedgerGroup>

const LedgerFrame = AnswerFrame.extend({
  /** Until here states stand: quiet time after it can still turn out to be idle. */
  states_final_until: z.iso.datetime().nullable(),
})

export const LedgerAnswer = LedgerFrame.extend({ groups: z.array(LedgerGroup) })
export type LedgerAnswer = z.infer<typeof LedgerAnswer>

const steps = z.array(z.number().nullable())

/** States over time; value i is of [t0 + i x step), null where there was no capacity. */
export const StateSeries = z.object({
  key: GroupKey,
  unit: z.literal('device_seconds'),
  t0: z.int(),
  step_ms: z.int(),
  capacity: steps,
  busy: steps,
  ledger: z.object({
    failed: steps,
    drained: steps,
    verification: steps,
    unknown: steps,
    unallocated: steps,
    idle_held: steps,
    throttled: steps,
    inefficient: steps,
    productive: steps,
  }),
})
export type StateSeries = z.infer<typeof StateSeries>

export const LedgerSeriesAnswer = LedgerFrame.extend({ groups: z.array(StateSeries) })
export type LedgerSeriesAnswer = z.infer<typeof LedgerSeriesAnswer>

/** Hours with their dollars; usd null = no price is known for any of them. */
export const Money = z.object({ gpu_hours: z.number(), usd: z.number().nullable() })
export type Money = z.infer<typeof Money>

const MoneyByLine = z.object({
  failed: Money,
  drained: Money,
  unallocated: Money,
  idle_held: Money,
  throttled: Money,
  part_busy: Money,
  inefficient: Money,
})

export const LossGroup = z.object({
  key: GroupKey,
  devices: z.int(),
  ...bounds,
  lost_gpu_hours: z.number(),
  loss_usd: LossUsd,
  /** versus_capacity per hour of the window. */
  usd_per_hour: z.number().nullable(),
  by_state: MoneyByLine,
  throttled_by_cause: z.object({ heat: Money, power_brake: Money, hardware: Money }),
  /** The customer's part of each line; the rest of it is ours. */
  customer_by_state: MoneyByLine,
  /** Who pays for the lost hours: two columns that are never added. */
  payers: z.object({ ours: Money, customer: Money }),
  /** By contracts: sold and held by nobody, or not sold. */
  unallocated: z.object({ unsold: Money, sold_without_job: Money }),
  /** Part of idle_held that is serving capacity in waiting. */
  reserve: Money,
  /** The part of it that the customer pays for. */
  customer_reserve: Money,
  /** Lost hours without a price: in gpu_hours, in no sum of dollars. */
  unpriced_hours: z.number(),
  /** Some of the dollars come from the price nobody entered. */
  assumed: z.boolean(),
  idle_energy: IdleEnergy,
})
export type LossGroup = z.infer<typeof LossGroup>

export const LossAnswer = LedgerFrame.extend({
  /** Contracts and holders were compared in steps of so many hours; null = there are no contracts. */
  contract_step_hours: z.number().nullable(),
  /** Groups there are; `limit` may have left some out. */
  groups_total: z.int(),
  groups: z.array(LossGroup),
})
export type LossAnswer = z.infer<typeof LossAnswer>

/** Busy weighed by something else than devices. */
export const Weighting = z.object({
  value: ratio.nullable(),
  coverage: ratio.nullable(),
  /** Device-seconds of capacity that have no weight and are left out. */
  unweighted_device_seconds: z.number(),
  /** Models they are of. */
  unweighted_models: z.array(z.string()),
})
export type Weighting = z.infer<typeof Weighting>

export const ComputeBasis = z.enum(['bf16', 'fp8'])
export type ComputeBasis = z.infer<typeof ComputeBasis>

export const TiersGroup = z.object({
  key: GroupKey,
  devices: z.int(),
  ...bounds,
  tiers: z.object({
    allocated: TierFigure,
    busy: TierFigure,
    active: TierFigure,
    effective: TierFigure,
  }),
  busy_by: z.object({
    device: Weighting,
    compute: Weighting.extend({
      basis: ComputeBasis,
      /** What one H100 counts, dense TFLOPS. */
      h100_tflops: z.number(),
      /** Mean over the window, in devices as strong as an H100. */
      h100_equivalents: z.object({ capacity: z.number(), known: z.number(), busy: z.number() }),
    }),
    price: Weighting.extend({ assumed: z.boolean() }),
  }),
})
export type TiersGroup = z.infer<typeof TiersGroup>

export const TiersAnswer = AnswerFrame.extend({ groups: z.array(TiersGroup) })
export type TiersAnswer = z.infer<typeof TiersAnswer>

/** A tenant over a window; sums are those of /loss?group_by=tenant. */
export const OwnerFigures = z.object({
  tenant: z.string(),
  display_name: z.string(),
  contact: z.string(),
  /** Of the owners file; allocations may say otherwise for their hours. */
  billing: Billing,
  devices: z.int(),
  ...bounds,
  /** Held and known: idle, throttled, inefficient or productive. */
  held_device_seconds: z.number(),
  idle_held_device_seconds: z.number(),
  reserve_device_seconds: z.number(),
  /** What its contracts sold in the window, to hold against what it held; null = none is entered. */
  contract: z.object({ ids: z.array(z.string()), sold_device_seconds: seconds }).nullable(),
  lost_gpu_hours: z.number(),
  loss_usd: LossUsd,
  /** What is sold and held by nobody has no tenant here: see `nobody` and /loss. */
  payers: z.object({ ours: Money, customer: Money }),
  unpriced_hours: z.number(),
  assumed: z.boolean(),
  /** Of idle devices that the tenant held; of `nobody` those that nobody did. */
  idle_energy: IdleEnergy,
})
export type OwnerFigures = z.infer<typeof OwnerFigures>

export const OwnersAnswer = LedgerFrame.extend({
  /** The highest loss first. */
  owners: z.array(OwnerFigures),
  /** What no tenant held. */
  nobody: OwnerFigures,
})
export type OwnersAnswer = z.infer<typeof OwnersAnswer>

/** A device that somebody holds and nobody uses now. */
export const IdleDevice = z.object({
  device_id: z.string(),
  node: z.string(),
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  pool: z.string(),
  model: z.string(),
  tenant: z.string(),
  job: z.string(),
  class: z.string(),
  billing: z.string(),
  /** Beginning of the stretch as far as it was looked for. */
  since: z.iso.datetime(),
  /** It may have begun earlier. */
  since_at_least: z.boolean(),
  hours: z.number(),
  /** Serving capacity in waiting, not waste. */
  is_reserve: z.boolean(),
  /** Price of the device in force now; null = unpriced. */
  usd_per_hour: z.number().nullable(),
  assumed: z.boolean(),
})
export type IdleDevice = z.infer<typeof IdleDevice>

export const IdleHeldAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  /** The minute before it is the one these devices are idle in; null = nothing is settled. */
  settled_until: z.iso.datetime().nullable(),
  devices: z.array(IdleDevice),
  total: z.int(),
  next_cursor: z.string().nullable(),
})
export type IdleHeldAnswer = z.infer<typeof IdleHeldAnswer>
