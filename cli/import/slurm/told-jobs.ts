import { z } from 'zod'
import type { JournalBody } from '#schemas/journal.ts'
import { SchedulerJob } from '#schemas/scheduler-job.ts'
import { partsOf } from '../plan.ts'
import type { SnapshotReading } from './snapshot.ts'

/** Jobs as the journal knows them from here. */
export const ToldJobs = z.strictObject({
  /** When something was told last, epoch ms; 0 = never. */
  at_ms: z.int().min(0),
  jobs: z.array(SchedulerJob).max(500_000),
})
export type ToldJobs = z.infer<typeof ToldJobs>

export const NOTHING_TOLD: ToldJobs = { at_ms: 0, jobs: [] }

/** A scheduler that says nothing new says so this often: who reads the journal knows that it is still heard. */
export const TOLD_EVERY_MS = 15 * 60_000

export interface JobsChange {
  readonly jobs: readonly SchedulerJob[]
  /** Holders that are listed no more. */
  readonly gone: readonly string[]
  /** Null = there is nothing to tell. */
  readonly told: ToldJobs | null
}

/** What of a whole look is new since the last one. A job that could not be read stays as it was. */
export function jobsChange(
  before: ToldJobs,
  { jobs, unread }: Pick<SnapshotReading, 'jobs' | 'unread'>,
  nowMs: number,
): JobsChange {
  const known = new Map(before.jobs.map((job) => [job.holder, job]))
  const kept = before.jobs.filter(({ holder }) => unread.has(holder))
  const there = new Set([...jobs, ...kept].map(({ holder }) => holder))
  const changed = jobs.filter((job) => !isSame(job, known.get(job.holder)))
  const gone = [...known.keys()].filter((holder) => !there.has(holder))
  const isNews = changed.length > 0 || gone.length > 0 || nowMs - before.at_ms >= TOLD_EVERY_MS
  return { jobs: changed, gone, told: isNews ? { at_ms: nowMs, jobs: [...jobs, ...kept] } : null }
}

function isSame(job: SchedulerJob, other: SchedulerJob | undefined): boolean {
  return other !== undefined && JSON.stringify(job) === JSON.stringify(other)
}

/** The change as entries: what is gone first, since an id may be used again. */
export function jobBodies(cluster: string, { jobs, gone, told }: JobsChange): JournalBody[] {
  if (told === null) return []
  const body = (some: SchedulerJob[], ended: string[]): JournalBody => ({
    kind: 'scheduler_jobs',
    cluster,
    jobs: some,
    gone: ended,
  })
  const bodies = [
    ...partsOf(gone).map((part) => body([], part)),
    ...partsOf(jobs).map((part) => body(part, [])),
  ]
  return bodies.length === 0 ? [body([], [])] : bodies
}
