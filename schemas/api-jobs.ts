import { z } from 'zod'
import { AnswerFrame, TierFigure } from './api.ts'
import { LossGroup, Money } from './api-ledger.ts'
import { LedgerTimes } from './api-ledger-parts.ts'
import { Billing } from './billing.ts'

/** What /api/v1/jobs and /api/v1/jobs/{job} answer: jobs of settled time. A job is its cluster and its id. */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)

/** What sticks out of a job's figures and has one thing to do about it; the first that fits. */
export const JOB_HINTS = [
  /** Serving capacity that waited at least half of its time. */
  'reserve',
  /** Held and quiet at least half of its time. */
  'idle',
  /** At least a twentieth of its time lost to clocks that were cut. */
  'throttled',
  /** Busy, and little of the arithmetic worked. */
  'little_arithmetic',
  /** At work, and its devices wait more than they run. */
  'waits',
] as const
export const JobHint = z.enum(JOB_HINTS)
export type JobHint = z.infer<typeof JobHint>

export const JobFigures = z.object({
  cluster: z.string(),
  job: z.string(),
  /** Whose most of its time was; empty = nobody said. */
  tenant: z.string(),
  display_name: z.string(),
  contact: z.string(),
  class: z.string(),
  billing: Billing,
  models: z.array(z.string()),
  pools: z.array(z.string()),
  /** Distinct ones in the window. */
  devices: z.int(),
  nodes: z.int(),
  /** Of the last settled minute of the window. */
  devices_at_end: z.int(),
  state: z.enum(['running', 'ended']),
  /** Null = before the window. */
  started_at: time.nullable(),
  /** Null = it runs. */
  ended_at: time.nullable(),
  /** Begin and end are known to so many seconds: the width of the buckets that say so. */
  known_to_s: z.int(),
  /** Device-hours it held in the window. */
  gpu_hours: z.number(),
  utilization: ratio.nullable(),
  util_lo: ratio.nullable(),
  util_hi: ratio.nullable(),
  coverage: ratio.nullable(),
  active: TierFigure,
  effective: TierFigure,
  idle_held: Money,
  /** All lines of its loss against capacity together. */
  lost: Money,
  unpriced_hours: z.number(),
  assumed: z.boolean(),
  /** Below the floors of a low job. */
  is_low: z.boolean(),
  hint: JobHint.nullable(),
})
export type JobFigures = z.infer<typeof JobFigures>

const Frame = AnswerFrame.extend({
  /** Until here states stand: quiet time after it can still turn out to be idle. */
  states_final_until: time.nullable(),
})

export const JobsAnswer = Frame.extend({
  jobs: z.array(JobFigures),
  /** Jobs that the filters leave. */
  total: z.int(),
  next_cursor: z.string().nullable(),
  /** Of all that the filters but `low` and `state` leave. */
  counts: z.object({ running: z.int(), ended: z.int(), low: z.int() }),
  floors: z.object({
    utilization_max: z.number(),
    gpu_hours_min: z.number(),
    minutes_min: z.number(),
  }),
})
export type JobsAnswer = z.infer<typeof JobsAnswer>

/** One device while the job held it. */
export const JobDevice = z.object({
  device_id: z.string(),
  node: z.string(),
  rack: z.string(),
  /** As its driver counts. */
  index: z.int(),
  gpu_hours: z.number(),
  utilization: ratio.nullable(),
  coverage: ratio.nullable(),
  active: ratio.nullable(),
  effective: ratio.nullable(),
  idle_hours: z.number(),
  power_watts: z.number().nullable(),
})
export type JobDevice = z.infer<typeof JobDevice>

/** More of them are left out of an answer. */
export const JOB_DEVICES_MAX = 8_192

export const JobAnswer = Frame.extend({
  job: JobFigures,
  /** Other clusters with a job of this id in the window. */
  also_in: z.array(z.string()),
  ledger: LedgerTimes,
  by_state: LossGroup.shape.by_state,
  throttled_by_cause: LossGroup.shape.throttled_by_cause,
  payers: LossGroup.shape.payers,
  energy: z.object({
    /** What its devices drew, without hosts and cooling; what did not report adds nothing. */
    kwh: z.number(),
    /** Share of its time whose power is known. */
    coverage: ratio.nullable(),
    /** Mean power of a device that reports it. */
    watts_per_device: z.number().nullable(),
  }),
  /** In the order of their nodes. */
  devices: z.array(JobDevice),
})
export type JobAnswer = z.infer<typeof JobAnswer>
