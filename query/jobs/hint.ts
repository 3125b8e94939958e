import { LOW_JOB } from '#schemas/orders.ts'
import type { JobHint } from '#schemas/api-jobs.ts'

/** Shares of a job's time and its tiers, 0..1. */
export interface JobShares {
  /** Of its known time. */
  readonly idle: number
  readonly throttled: number
  readonly inefficient: number
  /** Null = nothing is known. */
  readonly utilization: number | null
  /** Null = nobody tells, or of less than half of its time. */
  readonly effective: number | null
  readonly isServing: boolean
}

const MOSTLY = 0.5
const THROTTLED_FROM = 0.05
/** A job that is busy like this and effective like that computes little. */
const BUSY_FROM = 0.75
const LITTLE_EFFECTIVE = 0.1

/** The one hint that a line carries: the first that fits. */
export function hintOf(shares: JobShares): JobHint | null {
  const { idle, throttled, inefficient, utilization, effective, isServing } = shares
  if (idle >= MOSTLY) return isServing ? 'reserve' : 'idle'
  if (throttled >= THROTTLED_FROM) return 'throttled'
  if (inefficient >= MOSTLY) return 'little_arithmetic'
  if (utilization === null) return null
  if (utilization >= BUSY_FROM && effective !== null && effective < LITTLE_EFFECTIVE)
    return 'little_arithmetic'
  return utilization < MOSTLY ? 'waits' : null
}

/** Whether a job is low enough, large enough and long enough to be told of. */
export function isLow(job: {
  readonly utilization: number | null
  readonly gpuHours: number
  /** Mean time it held a device. */
  readonly minutes: number
}): boolean {
  return (
    job.utilization !== null &&
    job.utilization <= LOW_JOB.utilization_max &&
    job.gpuHours >= LOW_JOB.gpu_hours_min &&
    job.minutes >= LOW_JOB.minutes_min
  )
}
