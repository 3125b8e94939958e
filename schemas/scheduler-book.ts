import type { JournalEntry } from './journal.ts'
import type { SchedulerJob } from './scheduler-job.ts'

/** Lists are kept for as long as the forecast learns from them, and no longer than so many rows. */
const KEPT_MS = 14 * 86_400_000
const KEPT_MAX = 5_000

/** A run that came to its end. */
export interface EndedRun {
  readonly account: string
  readonly queue: string
  readonly devices: number
  readonly startedMs: number
  /** When the scheduler listed it no more. */
  readonly endedMs: number
  readonly limitMs: number | null
}

/** A run that began. */
export interface BegunRun {
  readonly devices: number
  readonly startedMs: number
  readonly submittedMs: number | null
}

/** What the schedulers of all clusters say now, and lately said. */
export interface SchedulerTold {
  /** Jobs by cluster, and when its scheduler was last heard, epoch ms. */
  readonly clusters: ReadonlyMap<
    string,
    { readonly toldMs: number; readonly jobs: ReadonlyMap<string, SchedulerJob> }
  >
  /** Oldest first. */
  readonly ended: readonly EndedRun[]
  readonly begun: readonly BegunRun[]
}

/**
 * Jobs as the journal's entries tell them, taken one after the other. Changed in place: a cluster has thousands of jobs
 * and its journal a year of entries of which each changes a few.
 */
export class SchedulerBook implements SchedulerTold {
  readonly clusters = new Map<
    string,
    { toldMs: number; readonly jobs: Map<string, SchedulerJob> }
  >()
  ended: EndedRun[] = []
  begun: BegunRun[] = []
  #last = 0

  /** Entries of other kinds, and those that were taken already, change nothing. */
  take({ sequence, at_ms: atMs, body }: JournalEntry): void {
    if (sequence <= this.#last) return
    this.#last = sequence
    if (body.kind !== 'scheduler_jobs') return
    const cluster = this.clusters.get(body.cluster) ?? { toldMs: 0, jobs: new Map() }
    this.clusters.set(body.cluster, cluster)
    cluster.toldMs = Math.max(cluster.toldMs, atMs)
    for (const holder of body.gone) {
      const job = cluster.jobs.get(holder)
      cluster.jobs.delete(holder)
      if (job !== undefined) this.#end(job, atMs)
    }
    for (const job of body.jobs) {
      const before = cluster.jobs.get(job.holder)
      // Requeued, or the id used again: the run before has ended.
      if (before !== undefined && before.started_ms !== job.started_ms) this.#end(before, atMs)
      if (job.started_ms !== null && before?.started_ms !== job.started_ms)
        this.begun.push({
          devices: job.devices,
          startedMs: job.started_ms,
          submittedMs: job.submitted_ms ?? before?.submitted_ms ?? null,
        })
      cluster.jobs.set(job.holder, job)
    }
    this.#forget(atMs)
  }

  #end(
    { account, queue, devices, started_ms: startedMs, limit_ms: limitMs }: SchedulerJob,
    atMs: number,
  ): void {
    if (startedMs === null) return
    this.ended.push({ account, queue, devices, startedMs, endedMs: atMs, limitMs })
  }

  #forget(nowMs: number): void {
    if (this.ended.length > 2 * KEPT_MAX || (this.ended[0]?.endedMs ?? nowMs) < nowMs - 2 * KEPT_MS)
      this.ended = this.ended.filter(({ endedMs }) => endedMs >= nowMs - KEPT_MS).slice(-KEPT_MAX)
    if (
      this.begun.length > 2 * KEPT_MAX ||
      (this.begun[0]?.startedMs ?? nowMs) < nowMs - 2 * KEPT_MS
    )
      this.begun = this.begun
        .filter(({ startedMs }) => startedMs >= nowMs - KEPT_MS)
        .slice(-KEPT_MAX)
  }
}
