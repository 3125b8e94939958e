import { z } from 'zod'

/**
 * What a scheduler says of its jobs besides who holds what: what waits, since when, and how long a job may run. Known
 * facts of the forecast and of the question whether anything waits that fits.
 */

const text = z.string().max(256)
const epochMs = z.int().min(0).max(8.64e15)

export const SchedulerJob = z.strictObject({
  /** As in Allocation: job id, with the cluster before it. */
  holder: z.string().min(1).max(128),
  /** As people know it and as the ledger names it. */
  job: text,
  account: text.default(''),
  queue: text.default(''),
  /** Accelerators it holds, or asks for; of an array those of one task. */
  devices: z.int().min(1).max(1_000_000),
  /** Tasks of an array that wait for room, as many as the array's limit leaves; 1 for every other job. */
  tasks: z.int().min(1).max(1_000_000).default(1),
  /** Since when it is in the queue, epoch ms; null = not told. */
  submitted_ms: epochMs.nullable(),
  /** Null while it waits. */
  started_ms: epochMs.nullable(),
  /** Longest that it may run, ms; null = no limit, or not told. */
  limit_ms: z.int().min(1).max(8.64e15).nullable(),
})
export type SchedulerJob = z.infer<typeof SchedulerJob>
