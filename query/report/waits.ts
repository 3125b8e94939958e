import type { JournalEntry } from '#schemas/journal.ts'
import type { SchedulerTold } from '#schemas/scheduler-book.ts'
import type { SchedulerJob } from '#schemas/scheduler-job.ts'
import type { ReportWindow } from '#schemas/report/facts.ts'

/** A scheduler that said nothing for longer is not known to be as it was; it speaks every quarter of an hour. */
export const HEARD_MS = 45 * 60_000

/** Half-open time in which a job of a queue waited for so many devices. */
export interface Wait extends ReportWindow {
  readonly cluster: string
  readonly queue: string
  readonly devices: number
  /** It ended because the job started, not because it was withdrawn or is still waiting. */
  readonly hasStarted: boolean
}

export interface Waits {
  readonly waits: readonly Wait[]
  /** Share of the window in which schedulers were heard, over all that ever spoke until its end; null = none did. */
  readonly heard: number | null
}

interface Told {
  job: SchedulerJob
  /** Since when it waits in this shape, epoch ms; null = it runs. */
  sinceMs: number | null
}

/**
 * What waited within a window, as schedulers told it since some time before (`entries`, oldest first) and tell it now.
 * A job waits from when it was submitted until it started, or is listed no more; for as long as its scheduler was heard.
 * A job that was told before the entries begin, and neither runs nor waits now, is not seen.
 */
export function waitsIn(
  entries: readonly JournalEntry[],
  now: SchedulerTold,
  window: ReportWindow,
): Waits {
  const fold = new WaitFold(window)
  for (const entry of entries) fold.take(entry)
  return fold.end(now)
}

class WaitFold {
  readonly #window: ReportWindow
  readonly #waits: Wait[] = []
  readonly #jobs = new Map<string, Map<string, Told>>()
  readonly #heard = new Map<string, { lastMs: number; heardMs: number }>()

  constructor(window: ReportWindow) {
    this.#window = window
  }

  take({ at_ms: atMs, body }: JournalEntry): void {
    if (body.kind !== 'scheduler_jobs') return
    const { cluster } = body
    this.#hear(cluster, atMs)
    const jobs = this.#jobs.get(cluster) ?? new Map<string, Told>()
    this.#jobs.set(cluster, jobs)
    for (const holder of body.gone) {
      const told = jobs.get(holder)
      jobs.delete(holder)
      if (told?.sinceMs != null) this.#add(cluster, told, { endMs: atMs, hasStarted: false })
    }
    for (const job of body.jobs) {
      jobs.set(job.holder, this.#next(cluster, jobs.get(job.holder), { job, atMs }))
    }
  }

  /** What the fold knows of a job after one more word of it. */
  #next(
    cluster: string,
    before: Told | undefined,
    { job, atMs }: { readonly job: SchedulerJob; readonly atMs: number },
  ): Told {
    const { started_ms: startedMs, submitted_ms: submittedMs } = job
    const wasWaiting = before?.sinceMs ?? null
    if (startedMs === null) {
      const isSame =
        wasWaiting !== null && before?.job.devices === job.devices && before.job.queue === job.queue
      if (isSame) return { job, sinceMs: wasWaiting }
      if (before !== undefined && wasWaiting !== null)
        this.#add(cluster, before, { endMs: atMs, hasStarted: false })
      // Submitted before it ran last is not waiting since then.
      const isAgain = before !== undefined
      return { job, sinceMs: isAgain ? atMs : (submittedMs ?? atMs) }
    }
    if (before !== undefined && wasWaiting !== null)
      this.#add(cluster, before, { endMs: startedMs, hasStarted: true })
    else if (before === undefined && submittedMs !== null)
      // It waited between two looks, and nobody told of it.
      this.#add(cluster, { job, sinceMs: submittedMs }, { endMs: startedMs, hasStarted: true })
    return { job, sinceMs: null }
  }

  /** What still waits, and what waits since before the entries begin. */
  end(now: SchedulerTold): Waits {
    for (const [cluster, jobs] of this.#jobs) {
      const untilMs = (this.#heard.get(cluster)?.lastMs ?? 0) + HEARD_MS
      for (const told of jobs.values())
        if (told.sinceMs !== null) this.#add(cluster, told, { endMs: untilMs, hasStarted: false })
    }
    for (const [cluster, { jobs, toldMs }] of now.clusters)
      for (const [holder, job] of jobs) {
        if (job.started_ms !== null || this.#jobs.get(cluster)?.has(holder) === true) continue
        if (job.submitted_ms === null || job.submitted_ms >= this.#window.fromMs) continue
        const told = { job, sinceMs: job.submitted_ms }
        this.#add(cluster, told, { endMs: toldMs + HEARD_MS, hasStarted: false })
      }
    return { waits: this.#waits, heard: this.#heardShare() }
  }

  #add(
    cluster: string,
    { job, sinceMs }: Told,
    { endMs, hasStarted }: { readonly endMs: number; readonly hasStarted: boolean },
  ): void {
    const { fromMs, toMs } = this.#window
    if (sinceMs === null || endMs <= sinceMs || endMs <= fromMs || sinceMs >= toMs) return
    const { queue, devices } = job
    this.#waits.push({ cluster, queue, devices, fromMs: sinceMs, toMs: endMs, hasStarted })
  }

  #hear(cluster: string, atMs: number): void {
    const known = this.#heard.get(cluster)
    if (known === undefined) {
      this.#heard.set(cluster, { lastMs: atMs, heardMs: 0 })
      return
    }
    known.heardMs += this.#within(known.lastMs, Math.min(atMs, known.lastMs + HEARD_MS))
    known.lastMs = Math.max(known.lastMs, atMs)
  }

  #within(fromMs: number, toMs: number): number {
    const { fromMs: begin, toMs: end } = this.#window
    return Math.max(0, Math.min(toMs, end) - Math.max(fromMs, begin))
  }

  #heardShare(): number | null {
    const { fromMs, toMs } = this.#window
    const shares = [...this.#heard.values()].map(
      ({ lastMs, heardMs }) =>
        (heardMs + this.#within(lastMs, lastMs + HEARD_MS)) / (toMs - fromMs),
    )
    return shares.length === 0 ? null : shares.reduce((sum, one) => sum + one, 0) / shares.length
  }
}
