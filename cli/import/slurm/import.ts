import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { type Allocation, AllocationScope } from '#schemas/journal.ts'
import { allocationBodies, type ImportPlan } from '../plan.ts'
import type { SlurmOptions } from './job.ts'
import type { Change } from './known-runs.ts'
import { allocationsOf, Run } from './run.ts'
import { readSacct } from './sacct.ts'
import { readScontrol } from './scontrol.ts'
import type { SnapshotReading } from './snapshot.ts'
import { readSqueueJson } from './squeue-json.ts'
import { jobBodies, jobsChange, NOTHING_TOLD, ToldJobs } from './told-jobs.ts'
import { type Closing, closeBooks, diffAllocations, forgetOld } from './sync.ts'

export const SLURM_FORMATS = ['squeue-json', 'scontrol', 'sacct'] as const
export type SlurmFormat = (typeof SLURM_FORMATS)[number]

const READERS = { 'squeue-json': readSqueueJson, scontrol: readScontrol, sacct: readSacct } as const

/** What one run leaves to the next: a lost run heals there. */
export const SlurmState = z.strictObject({
  version: z.literal(1),
  cluster: z.string().min(1).max(128),
  /** Scopes that are open. */
  scopes: z.array(AllocationScope).max(100_000),
  /** Runs that ended until then may have been forgotten. */
  forgotten_ms: z.int().min(0),
  runs: z.array(Run).max(1_000_000),
  /** Jobs as they were told to the journal last, and when. */
  told: ToldJobs.default(NOTHING_TOLD),
})
export type SlurmState = z.infer<typeof SlurmState>

/** What the text is: all jobs of the controller, or one job at its start or its end. */
export type SlurmCoverage = 'all' | 'job-started' | 'job-ended'

export interface SlurmImport {
  readonly format: SlurmFormat
  readonly text: string
  readonly options: SlurmOptions
  readonly coverage: SlurmCoverage
  /** Nodes that this controller speaks for; empty = all of its cluster. */
  readonly nodes: readonly string[]
  /** What the last run left, `new` for the first; null = nothing is remembered, and nothing ended by being gone. */
  readonly state: SlurmState | 'new' | null
  readonly nowMs: number
  readonly importId: string
}

/** A plan, and what is to be remembered once it has been carried out. */
export type SlurmPlan = ImportPlan & { readonly state: SlurmState | null }

/**
 * What an output of Slurm changes. Pure. Throws E_IMPORT_INVALID for a text that is not of its format, and for books
 * whose times do not fit what snapshots saw; E_USAGE when the state is another cluster's.
 */
export function planSlurm(job: SlurmImport): SlurmPlan {
  const reading = READERS[job.format](job.text, job.options)
  if (job.state === null) return oneOff(job, reading)
  const state = stateOf(job.state, job.options.cluster)
  const change = changeOf(job, reading, state)
  const kept = forgetOld(change.runs, state.forgotten_ms, job.nowMs)
  const scopes = job.format === 'sacct' || job.coverage !== 'all' ? null : scopesOf(job, state)
  const jobs = scopes === null ? null : jobsChange(state.told, reading, job.nowMs)
  const after = {
    ...state,
    told: jobs?.told ?? state.told,
    scopes: scopes?.open ?? state.scopes,
    forgotten_ms: kept.forgottenMs,
    runs: [...kept.runs],
  }
  const changed = scopes?.changed ?? []
  return {
    bodies: [
      ...allocationBodies(job.importId, {
        takenBack: change.takenBack,
        allocations: change.rows,
        scopes: changed,
      }),
      ...(jobs === null ? [] : jobBodies(state.cluster, jobs)),
    ],
    summary: [
      ...summaryOf(reading, reading.runs.flatMap(allocationsOf)),
      ['rows that changed', change.rows.length],
      ['rows taken back', change.takenBack.length],
      ...('passedOver' in change
        ? ([['closed long ago, passed over', change.passedOver]] as const)
        : []),
      ...(changed.length === 0 ? [] : ([['scopes that changed', changed.length]] as const)),
    ],
    problems: reading.problems,
    state: after,
  }
}

/** Without a state nothing is known to have ended: what the text says, as it says it. */
function oneOff(job: SlurmImport, reading: SnapshotReading): SlurmPlan {
  const { runs } = withHook(reading, job)
  const allocations = runs.flatMap(allocationsOf)
  return {
    bodies: allocationBodies(job.importId, { allocations }),
    summary: summaryOf(reading, allocations),
    problems: reading.problems,
    state: null,
  }
}

function summaryOf(
  reading: SnapshotReading,
  rows: readonly Allocation[],
): [what: string, count: number][] {
  const byNode = rows.filter(({ index }) => index === null).length
  return [
    ['jobs with accelerators', reading.runs.filter(({ held }) => held.length > 0).length],
    ['jobs that wait', reading.waiting],
    ['devices named', rows.length - byNode],
    ['nodes without devices named', byNode],
    ['accounts', new Set(reading.runs.map(({ account }) => account)).size],
  ]
}

function stateOf(given: SlurmState | 'new', cluster: string): SlurmState {
  if (given === 'new')
    return { version: 1, cluster, scopes: [], forgotten_ms: 0, runs: [], told: NOTHING_TOLD }
  if (given.cluster === cluster) return given
  throw new PlimsollError(
    'E_USAGE',
    `the state file is that of cluster ${given.cluster}, not of ${cluster}: give each cluster its own --state`,
  )
}

function changeOf(job: SlurmImport, reading: SnapshotReading, state: SlurmState): Change | Closing {
  if (job.format === 'sacct') {
    const closing = closeBooks(state.runs, reading, state.forgotten_ms)
    if (closing.shiftedHours === null) return closing
    throw new PlimsollError(
      'E_IMPORT_INVALID',
      `sacct: jobs start ${Math.abs(closing.shiftedHours)} h ${closing.shiftedHours > 0 ? 'after' : 'before'} the start that squeue showed: --timezone must be the zone of the controller's clock, or set SLURM_TIME_FORMAT=%s; nothing was imported`,
    )
  }
  if (job.coverage === 'all') return diffAllocations(state.runs, reading, job.nowMs)
  const holders = new Set(reading.runs.map(({ holder }) => holder))
  const others = state.runs.filter(({ holder }) => !holders.has(holder))
  const own = state.runs.filter(({ holder }) => holders.has(holder))
  const change = diffAllocations(own, { ...reading, ...withHook(reading, job) }, job.nowMs)
  const ends = job.coverage === 'job-ended'
  // A hook knows the end better than a snapshot that still shows the job completing.
  const runs = change.runs.map((run) =>
    ends && run.to_ms !== null ? { ...run, closed: true } : run,
  )
  return { ...change, runs: [...others, ...runs] }
}

/** The runs of a text; with `job-ended` those that are still open end now. */
function withHook({ runs }: SnapshotReading, job: SlurmImport): { readonly runs: Run[] } {
  const { coverage, nowMs } = job
  if (coverage !== 'job-ended') return { runs: [...runs] }
  return { runs: runs.map((run) => ({ ...run, to_ms: run.to_ms ?? Math.max(nowMs, run.from_ms) })) }
}

/** From the first run on the controller's word is complete for its nodes; nodes that leave its care end theirs. */
function scopesOf(
  { nodes, nowMs }: SlurmImport,
  state: SlurmState,
): { readonly open: AllocationScope[]; readonly changed: AllocationScope[] } {
  const wanted = new Set(nodes.length === 0 ? [''] : nodes)
  const stay = state.scopes.filter(({ node }) => wanted.has(node))
  const known = new Set(stay.map(({ node }) => node))
  const { cluster } = state
  const added = [...wanted]
    .filter((node) => !known.has(node))
    .map((node): AllocationScope => ({
      source: 'slurm',
      cluster,
      node,
      from_ms: nowMs,
      to_ms: null,
    }))
  const left = state.scopes
    .filter(({ node }) => !wanted.has(node))
    .map((scope) => ({ ...scope, to_ms: Math.max(nowMs, scope.from_ms) }))
  return { open: [...stay, ...added], changed: [...left, ...added] }
}
