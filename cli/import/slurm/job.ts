import { PlimsollError } from '#schemas/errors.ts'
import type { SchedulerJob } from '#schemas/scheduler-job.ts'
import { expandHostlist } from '../../../collector/targets/hostlist.ts'
import type { Problems } from '../problems.ts'
import type { ArrayPart } from './array-tasks.ts'
import type { DeviceMap } from './device-map.ts'
import { readGres } from './gres.ts'
import type { HeldDevices, Run } from './run.ts'

/** What the readers of Slurm's texts are told about the site. */
export interface SlurmOptions {
  /** Name in Plimsoll of the cluster that this controller runs; empty = not said. */
  readonly cluster: string
  /** GRES names that are accelerators. */
  readonly accelerators: ReadonlySet<string>
  /** Accelerators of a node; null = not said. Gives a job without known devices its share of the node. */
  readonly devicesPerNode: number | null
  /** Zone of the controller's clock; null = times without a zone are refused. */
  readonly timeZone: string | null
  readonly classOf: (job: JobLabels) => string
  /** From positions in gres.conf to devices. */
  readonly deviceOf: DeviceMap
}

/** What a job says of itself; the class of its work is found from it, the texts are not kept. */
export interface JobLabels {
  readonly name: string
  readonly account: string
  readonly partition: string
  readonly qos: string
  readonly comment: string
}

/** A job as any of Slurm's outputs describes it. */
export interface SlurmJob extends JobLabels {
  /** Digits; unique within a cluster and, requeued, used again. */
  readonly id: string
  /** Set for a task of an array: `<array job>_<task>`, or a component: `<leader>+<offset>`. */
  readonly shown: string | null
  /** Set for tasks of an array: one that began, or all that wait. */
  readonly array: ArrayPart | null
  /** State and flags in upper case, such as `RUNNING` and `COMPLETING`. */
  readonly states: readonly string[]
  /** Epoch ms; null where Slurm does not know it. For a job that waits it is an estimate. */
  readonly startMs: number | null
  /** Epoch ms; a plan while the job holds its devices, and false for jobs without a limit. */
  readonly endMs: number | null
  /** Hostlist, or names. */
  readonly nodes: string | readonly string[]
  /** One GRES text for each node, in the order of `nodes`; null or another number = not said. */
  readonly gres: readonly string[] | null
  /** Devices of all nodes together, from TRES; null = not said. */
  readonly devices: number | null
  /** Devices it asked for; null = not said. */
  readonly askedDevices: number | null
  /** Why it waits, as Slurm names it; '' = not said. */
  readonly reason: string
  /** When it came into the queue, epoch ms; null = not said. */
  readonly submitMs: number | null
  /** Longest that it may run, ms; null = no limit, or not said. */
  readonly limitMs: number | null
}

export type Phase = 'waiting' | 'holding' | 'ended'

/** Job states and flags of slurm.h as squeue(1) and sacct(1) of 22.05 to 24.05 name them. */
const HOLDING = words(
  'RUNNING SUSPENDED STOPPED SIGNALING CONFIGURING COMPLETING RESIZING POWER_UP_NODE UPDATE_DB EXPEDITING',
)
const WAITING = words(
  'PENDING REQUEUED REQUEUE_HOLD REQUEUE_FED SPECIAL_EXIT RESV_DEL_HOLD REVOKED',
)
const ENDED = words(
  'COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL DEADLINE OUT_OF_MEMORY LAUNCH_FAILED RECONFIG_FAIL STAGE_OUT',
)

function words(list: string): readonly string[] {
  return list.split(' ')
}

/**
 * What a job does with its devices. COMPLETING counts before the state beside it: until the epilog is through
 * nobody else gets them. A suspended job keeps them too. Null for a state we do not know.
 */
export function phaseOf(states: readonly string[]): Phase | null {
  const has = (known: readonly string[]) => states.some((state) => known.includes(state))
  if (states.length === 0) return null
  if (states.includes('COMPLETING')) return 'holding'
  if (has(WAITING)) return 'waiting'
  if (has(ENDED)) return 'ended'
  return has(HOLDING) ? 'holding' : null
}

/**
 * Fake ends: `start` plus a year for a running job without a limit, plus 2^32 - 300,000 s or so for one that
 * waits (attribution.md 1.1; both measured on 22.05). Only the end of a job that has ended is looked at, and not
 * even that when it lies so far away.
 */
const FAKE_END_MS = 31_536_000_000

/**
 * Reasons (slurm.h, JOB STATE REASON CODES of squeue(1)) of jobs that begin as soon as there is room. All others are held
 * back by something else: a person, a limit, another job, a later begin.
 */
const ONLY_ROOM: ReadonlySet<string> = new Set(['', 'None', 'Resources', 'Priority'])

/**
 * What the scheduler says of a job that runs or waits for room; null for other jobs and for those without accelerators.
 */
export function schedulerJobOf(
  job: SlurmJob,
  cluster: string,
  /** Devices that it was found to hold; 0 = none, or none are known. */
  heldDevices: number,
): SchedulerJob | null {
  const phase = phaseOf(job.states)
  const held = job.devices ?? (heldDevices > 0 ? heldDevices : null)
  const devices = (phase === 'holding' ? held : null) ?? job.askedDevices ?? 0
  if (phase === null || phase === 'ended' || devices < 1) return null
  if (phase === 'waiting' && !ONLY_ROOM.has(job.reason)) return null
  if (phase === 'holding' && job.startMs === null) return null
  return {
    holder: holderOf(job.id, cluster),
    job: jobNameOf(job),
    account: shortened(job.account),
    queue: shortened(job.partition),
    devices,
    tasks: phase === 'waiting' ? (job.array?.tasks ?? 1) : 1,
    submitted_ms: job.submitMs,
    // Of a job that waits the start is the scheduler's guess.
    started_ms: phase === 'holding' ? job.startMs : null,
    limit_ms: job.limitMs,
  }
}

const jobNameOf = ({ shown, id, name }: SlurmJob) => shortened(`${shown ?? id} ${name}`.trim())

/** What a job holds, or why not; the second has been told to `problems`. */
export type Reading = Run | 'waits' | 'unread'

/** The run of a job. A job that is not understood is told with its id, and holds what it held before. */
export function runOf(job: SlurmJob, options: SlurmOptions, problems: Problems): Reading {
  const where = `job ${job.shown ?? job.id}`
  const refuse = (message: string): 'unread' => {
    problems.refuse(where, message)
    return 'unread'
  }
  const phase = phaseOf(job.states)
  if (phase === null)
    return refuse(`its state ${JSON.stringify(job.states.join(' '))} is not known; update Plimsoll`)
  if (phase === 'waiting') return 'waits'
  if (job.startMs === null)
    // Cancelled while it waited: it never held anything.
    return phase === 'ended' ? 'waits' : refuse('it runs, but there is no start time')
  const ended = phase === 'ended' ? endOf(job, job.startMs) : { ms: null }
  if ('wrong' in ended) return refuse(ended.wrong)
  const held = heldBy(job, options, (message) => problems.note(where, message))
  if (typeof held === 'string') return refuse(held)
  const id = holderOf(job.id, options.cluster)
  return {
    holder: id,
    job: jobNameOf(job),
    account: shortened(job.account),
    queue: shortened(job.partition),
    class: options.classOf(job),
    job_start_ms: job.startMs,
    from_ms: job.startMs,
    to_ms: ended.ms,
    closed: false,
    held,
  }
}

/** The holder of a job: its id, after the cluster's name where there is one. */
export const holderOf = (id: string, cluster: string): string =>
  cluster === '' ? id : `${cluster}/${id}`

function endOf({ endMs }: SlurmJob, startMs: number): { ms: number } | { wrong: string } {
  if (endMs === null) return { wrong: 'it has ended, but there is no end time' }
  if (endMs < startMs)
    return {
      wrong: `it ends ${new Date(endMs).toISOString()}, before it starts; ask Slurm's admin`,
    }
  if (endMs - startMs >= FAKE_END_MS)
    return { wrong: 'its end is the one Slurm writes for "no limit"; sacct will tell the real one' }
  return { ms: endMs }
}

/** Devices by node; a sentence when the job cannot be understood. */
function heldBy(
  job: SlurmJob,
  { accelerators, devicesPerNode, deviceOf }: SlurmOptions,
  note: (message: string) => void,
): HeldDevices[] | string {
  const nodes = namesOf(job.nodes)
  if (nodes === null) return `its node list ${JSON.stringify(job.nodes)} cannot be read`
  if (job.gres === null || job.gres.length !== nodes.length) {
    const total = job.devices ?? 0
    if (total === 0 || nodes.length === 0) return []
    const held = nodes.map((node) => byNode(node, total / nodes.length, devicesPerNode))
    noteUnresolved(held, 'Slurm names no devices', { devicesPerNode, note })
    return held
  }
  const held: HeldDevices[] = []
  let unknown = ''
  for (const [at, node] of nodes.entries()) {
    const devices = readGres(job.gres[at] ?? '', accelerators)
    if (devices === null) return `its GRES ${JSON.stringify(job.gres[at])} cannot be read`
    const { indices, count, why } = devices
    if (count === 0) continue
    if (indices === null) {
      held.push(byNode(node, count, devicesPerNode))
      unknown = why
    } else held.push(byDevice(node, indices, deviceOf))
  }
  noteUnresolved(held, unknown, { devicesPerNode, note })
  return held
}

function byDevice(node: string, positions: readonly number[], deviceOf: DeviceMap): HeldDevices {
  const mapped = positions.map((idx) => deviceOf(node, idx) ?? { key: '', index: idx })
  const keys = mapped.map(({ key }) => key)
  return {
    node,
    indices: mapped.map(({ index }, at) => index ?? positions[at] ?? 0),
    keys: keys.some((key) => key !== '') ? keys : [],
    share: null,
    confidence: 'derived',
  }
}

/** Some devices of a node, nobody says which: its share of each of them, or all where the node's size is unknown. */
function byNode(node: string, count: number, devicesPerNode: number | null): HeldDevices {
  if (devicesPerNode === null)
    return { node, indices: null, keys: [], share: null, confidence: 'unresolved' }
  return count >= devicesPerNode
    ? { node, indices: null, keys: [], share: null, confidence: 'node' }
    : { node, indices: null, keys: [], share: count / devicesPerNode, confidence: 'unresolved' }
}

function noteUnresolved(
  held: readonly HeldDevices[],
  why: string,
  { devicesPerNode, note }: { devicesPerNode: number | null; note: (message: string) => void },
): void {
  const nodes = held.filter(({ confidence }) => confidence === 'unresolved').length
  if (nodes === 0) return
  note(
    devicesPerNode === null
      ? `${why}: it counts for ${nodes} whole nodes; --devices-per-node N gives it its share of them`
      : `${why}: it counts for its share of ${nodes} nodes`,
  )
}

function namesOf(nodes: string | readonly string[]): readonly string[] | null {
  if (typeof nodes !== 'string') return nodes
  const text = nodes.trim()
  if (text === '' || text === '(null)' || text === 'None assigned') return []
  try {
    return expandHostlist(text)
  } catch (error) {
    if (error instanceof PlimsollError) return null
    throw error
  }
}

const shortened = (value: string) => (value.length > 256 ? `${value.slice(0, 255)}…` : value)
