import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { Problems } from '../problems.ts'
import { type ArrayPart, readArrayTasks } from './array-tasks.ts'
import { tresDevices } from './gres.ts'
import type { SlurmJob, SlurmOptions } from './job.ts'
import { SnapshotBuilder, type SnapshotReading } from './snapshot.ts'

/** Jobs of one look; the largest controllers hold some ten thousand. */
export const JOBS_MAX = 500_000

/** A number in 22.05 is plain and null when absent, since 23.02 it says whether it is set or infinite. */
const SlurmNumber = z
  .union([
    z.number(),
    z.null(),
    z.object({ set: z.boolean(), infinite: z.boolean(), number: z.number() }),
  ])
  .optional()
type SlurmNumber = z.infer<typeof SlurmNumber>

const text = z.string().nullish()
const Nodes = z.object({ allocation: z.array(z.object({ name: z.string() })).nullish() })

/** Fields we read, in the shapes of 22.05, 23.02 and 24.x; the many others are passed over. */
const Job = z.object({
  job_id: SlurmNumber,
  array_job_id: SlurmNumber,
  array_task_id: SlurmNumber,
  /** Tasks that wait, of the job that stands for them. */
  array_task_string: text,
  array_max_tasks: SlurmNumber,
  het_job_id: SlurmNumber,
  het_job_offset: SlurmNumber,
  job_state: z.union([z.string(), z.array(z.string())]),
  start_time: SlurmNumber,
  end_time: SlurmNumber,
  nodes: text,
  gres_detail: z.array(z.string()).nullish(),
  job_resources: z
    .object({
      nodes: z.union([z.string(), Nodes]).nullish(),
      allocated_nodes: z.array(z.object({ nodename: z.string() })).nullish(),
    })
    // Another shape of a release to come: `nodes` beside it says the same.
    .nullish()
    .catch(null),
  tres_alloc_str: text,
  tres_req_str: text,
  submit_time: SlurmNumber,
  state_reason: text,
  /** Minutes. */
  time_limit: SlurmNumber,
  name: text,
  account: text,
  partition: text,
  qos: text,
  comment: text,
})
type Job = z.infer<typeof Job>

const File = z.object({ jobs: z.array(z.unknown()), errors: z.array(z.unknown()).nullish() })

/**
 * Reads `squeue --json` of Slurm 22.05 to 24.x; the shape is found from the data. A job that is not understood is
 * told and harms no other. Throws E_IMPORT_INVALID when the text is no such output, or Slurm reports an error in it:
 * a look that failed is not an empty cluster.
 */
export function readSqueueJson(text: string, options: SlurmOptions): SnapshotReading {
  const problems = new Problems()
  const { jobs, errors } = fileOf(text)
  if (errors != null && errors.length > 0)
    throw invalid(`Slurm reports an error: ${JSON.stringify(errors[0]).slice(0, 200)}`)
  if (jobs.length > JOBS_MAX) throw invalid(`it lists more than ${JOBS_MAX} jobs`)
  const looked = new SnapshotBuilder(options, problems)
  for (const [at, job] of jobs.entries()) {
    const read = Job.safeParse(job)
    const known = read.success ? jobOf(read.data, options) : null
    if (known !== null) looked.add(known)
    else looked.addUnread(idOf(job), `jobs[${at}]`, mistakeOf(read.error))
  }
  return looked.reading()
}

function fileOf(text: string): z.infer<typeof File> {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch (cause) {
    throw invalid('it is no JSON, or was cut short', cause)
  }
  const file = File.safeParse(given)
  if (file.success) return file.data
  throw invalid('it has no list "jobs"')
}

const invalid = (what: string, cause?: unknown) =>
  new PlimsollError('E_IMPORT_INVALID', `squeue --json: ${what}; nothing was imported`, { cause })

/** The number, or null where it is absent or infinite: neither is a time or an id. */
function numberOf(given: SlurmNumber): number | null {
  if (given === null || given === undefined) return null
  if (typeof given === 'number') return given
  return given.set && !given.infinite ? given.number : null
}

function mistakeOf(error: z.ZodError | undefined): string {
  const issue = error?.issues[0]
  if (issue === undefined) return 'it has no job_id'
  return `${issue.path.join('.')}: ${issue.message}`
}

const IdOnly = z.object({ job_id: SlurmNumber })

function idOf(job: unknown): string | null {
  const read = IdOnly.safeParse(job)
  const id = read.success ? numberOf(read.data.job_id) : null
  return id === null ? null : String(id)
}

function jobOf(job: Job, { accelerators }: SlurmOptions): SlurmJob | null {
  const id = numberOf(job.job_id)
  if (id === null || !Number.isSafeInteger(id) || id < 1) return null
  const { job_state: states, job_resources: resources } = job
  const nodes = resources?.nodes
  const listed =
    resources?.allocated_nodes?.map(({ nodename }) => nodename) ??
    (typeof nodes === 'object' ? nodes?.allocation?.map(({ name }) => name) : undefined)
  const gres = job.gres_detail ?? []
  return {
    id: String(id),
    shown: shownOf(job),
    array: arrayOf(job),
    states: (typeof states === 'string' ? states.split(/[\s,+]+/) : states)
      .filter((state) => state !== '')
      .map((state) => state.toUpperCase()),
    startMs: momentOf(job.start_time),
    endMs: momentOf(job.end_time),
    nodes: listed ?? job.nodes ?? '',
    gres: gres.length === 0 ? null : gres,
    devices: tresDevices(job.tres_alloc_str ?? '', accelerators),
    askedDevices: tresDevices(job.tres_req_str ?? '', accelerators),
    reason: job.state_reason ?? '',
    submitMs: momentOf(job.submit_time),
    limitMs: limitOf(job.time_limit),
    name: job.name ?? '',
    account: job.account ?? '',
    partition: job.partition ?? '',
    qos: job.qos ?? '',
    comment: job.comment ?? '',
  }
}

function arrayOf(job: Job): ArrayPart | null {
  const id = numberOf(job.array_job_id)
  if (id === null || id <= 0) return null
  const told = readArrayTasks(job.array_task_string ?? '')
  const most = numberOf(job.array_max_tasks) ?? 0
  return {
    id: String(id),
    tasks: numberOf(job.array_task_id) === null ? told.tasks : 1,
    limit: most > 0 ? most : told.limit,
  }
}

/** An array or leader id of 0 means none. */
function shownOf(job: Job): string | null {
  const [array, task] = [numberOf(job.array_job_id), numberOf(job.array_task_id)]
  if (array !== null && array > 0 && task !== null) return `${array}_${task}`
  const [leader, offset] = [numberOf(job.het_job_id), numberOf(job.het_job_offset)]
  return leader !== null && leader > 0 && offset !== null ? `${leader}+${offset}` : null
}

/** Minutes; infinite, absent and 0 are no limit. */
function limitOf(given: SlurmNumber): number | null {
  const minutes = numberOf(given)
  return minutes === null || minutes <= 0 ? null : Math.round(minutes * 60_000)
}

/** Epoch seconds; 0 is "not yet". */
function momentOf(given: SlurmNumber): number | null {
  const seconds = numberOf(given)
  return seconds === null || seconds <= 0 ? null : Math.round(seconds * 1000)
}
