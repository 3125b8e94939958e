import type { ProblemReport, Problems } from '../problems.ts'
import type { SchedulerJob } from '#schemas/scheduler-job.ts'
import type { ArrayPart } from './array-tasks.ts'
import { holderOf, runOf, schedulerJobOf, type SlurmJob, type SlurmOptions } from './job.ts'
import type { Run, Snapshot } from './run.ts'

/** A snapshot, and what of it could not be taken as it stands. */
export type SnapshotReading = Snapshot & {
  readonly problems: ProblemReport
  /** Jobs with accelerators that wait or run, as the scheduler tells them. */
  readonly jobs: readonly SchedulerJob[]
}

/** Puts jobs together to a snapshot; a job that is listed twice, as by partition, counts once. */
export class SnapshotBuilder {
  #options: SlurmOptions
  #problems: Problems
  #runs = new Map<string, Run>()
  #unread = new Set<string>()
  #waiting = 0
  #jobs = new Map<string, SchedulerJob>()
  #arrays = new Map<string, ArrayPart>()
  /** Tasks that hold devices, by array. */
  #begun = new Map<string, number>()

  constructor(options: SlurmOptions, problems: Problems) {
    this.#options = options
    this.#problems = problems
  }

  add(job: SlurmJob): void {
    const read = runOf(job, this.#options, this.#problems)
    const holder = holderOf(job.id, this.#options.cluster)
    const told =
      read === 'unread'
        ? null
        : schedulerJobOf(
            job,
            this.#options.cluster,
            typeof read === 'string' ? 0 : namedDevices(read),
          )
    if (told !== null) this.#jobs.set(holder, told)
    const { array } = job
    if (array !== null && told !== null && told.started_ms === null) this.#arrays.set(holder, array)
    if (array !== null && typeof read !== 'string' && read.to_ms === null)
      this.#begun.set(array.id, (this.#begun.get(array.id) ?? 0) + 1)
    if (read === 'waits') this.#waiting++
    else if (read === 'unread') this.#unread.add(holder)
    // Jobs without accelerators are nothing to us; the end of one that has given them back is.
    else if (read.held.length > 0 || read.to_ms !== null)
      this.#runs.set(`${holder} ${read.job_start_ms}`, read)
  }

  /** A job that is there but cannot be read; `where` is used when not even its id can. */
  addUnread(id: string | null, where: string, message: string): void {
    this.#problems.refuse(id === null ? where : `job ${id}`, message)
    if (id !== null) this.#unread.add(holderOf(id, this.#options.cluster))
  }

  /** Of an array with a limit only as many tasks wait for room as it still may run. */
  #told(): SchedulerJob[] {
    const left = new Map<string, number>()
    return [...this.#jobs].flatMap(([holder, job]) => {
      const array = this.#arrays.get(holder)
      if (array === undefined || array.limit === null) return [job]
      const room = left.get(array.id) ?? array.limit - (this.#begun.get(array.id) ?? 0)
      const tasks = Math.min(job.tasks, Math.max(0, room))
      left.set(array.id, room - tasks)
      return tasks === 0 ? [] : [{ ...job, tasks }]
    })
  }

  reading(): SnapshotReading {
    return {
      runs: [...this.#runs.values()],
      unread: this.#unread,
      waiting: this.#waiting,
      jobs: this.#told(),
      problems: this.#problems.report(),
    }
  }
}

const namedDevices = ({ held }: Run) =>
  held.reduce((sum, { indices }) => sum + (indices?.length ?? 0), 0)
