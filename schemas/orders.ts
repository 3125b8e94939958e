/** Orders of tables, lines of loss and limits of hints, without the checker: the browser needs them and not zod. */

/** What the groups of a loss can be put in order by. */
export const LOSS_ORDERS = [
  'usd',
  'versus_target_usd',
  'gpu_hours',
  'ours_usd',
  'customer_usd',
  'idle_held_usd',
  'utilization',
] as const

export type LossOrder = (typeof LOSS_ORDERS)[number]

/** What jobs are put in order by; `-` before it = the highest first. */
export const JOB_ORDERS = [
  'lost_usd',
  'idle_hours',
  'gpu_hours',
  'devices',
  'utilization',
  'active',
  'effective',
  'coverage',
  'started_at',
  'job',
  'tenant',
] as const

export type JobOrder = (typeof JOB_ORDERS)[number]

/** Below all three a job is called low: below them a list is too long to be read. */
export const LOW_JOB = { utilization_max: 0.25, gpu_hours_min: 50, minutes_min: 30 } as const

/** What lines are put in order by; the highest or longest first. */
export const IDLE_ORDERS = ['usd_per_hour', 'usd', 'hours', 'devices', 'since'] as const

/** What is lost against all capacity, line by line; no second is in two of them. */
export const LOSS_LINES = [
  'failed',
  'drained',
  'unallocated',
  'idle_held',
  'throttled',
  'part_busy',
  'inefficient',
] as const
export type LossLine = (typeof LOSS_LINES)[number]
