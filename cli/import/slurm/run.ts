import { z } from 'zod'
import type { Allocation } from '#schemas/journal.ts'
import { GRES_INDEX_MAX } from './gres.ts'

const text = z.string().max(256)
const name = z.string().min(1).max(128)
const ms = z.int().min(0)

/** Devices of one node that a run holds. */
const HeldDevices = z.strictObject({
  node: name,
  /** Indices as the driver counts; null = the node as a whole, because Slurm does not say which. */
  indices: z.array(z.int().min(0).max(GRES_INDEX_MAX)).nullable(),
  /** Keys of these devices, in the order of `indices`; empty where only their place is known. */
  keys: z.array(text),
  /** Part of each of these devices; null = all of it. */
  share: z.number().gt(0).max(1).nullable(),
  confidence: z.enum(['derived', 'node', 'unresolved']),
})
export type HeldDevices = z.infer<typeof HeldDevices>

/** What a job holds from one start to one end. A requeued or resized job has several runs. */
export const Run = z.strictObject({
  /** Job id, with the cluster before it where one is named: ids are unique only within a cluster. */
  holder: name,
  /** As people know it: id, array task or component, and the job's name. */
  job: text,
  account: text,
  /** Partition. */
  queue: text,
  class: text,
  /** Start of the job as Slurm tells it; with `holder` it says which run this is. */
  job_start_ms: ms,
  /** From when on these devices are held: later than the job's start after a resize. */
  from_ms: ms,
  /** Null while it holds them. */
  to_ms: ms.nullable(),
  /** Accounting has confirmed the end: a snapshot does not change it any more. */
  closed: z.boolean(),
  held: z.array(HeldDevices).max(100_000),
})
export type Run = z.infer<typeof Run>

/** What one look at the scheduler found. */
export interface Snapshot {
  readonly runs: readonly Run[]
  /** Holders that are there but were not understood: what is known of them stays. */
  readonly unread: ReadonlySet<string>
  /** Jobs that wait and hold nothing. */
  readonly waiting: number
}

/** The journal's rows for a run: one for each device, or for each node where devices are not known. */
export function allocationsOf(run: Run): Allocation[] {
  return run.held.flatMap(({ node, indices, keys, share, confidence }) => {
    const row = (index: number | null, key: string): Allocation => ({
      key,
      node,
      index: key === '' ? index : null,
      holder: run.holder,
      job: run.job,
      tenant: '',
      account: run.account,
      queue: run.queue,
      class: run.class,
      billing: 'unknown',
      source: 'slurm',
      confidence,
      from_ms: run.from_ms,
      to_ms: run.to_ms,
      share,
    })
    return indices === null
      ? [row(null, '')]
      : indices.map((index, at) => row(index, keys[at] ?? ''))
  })
}

/** A run that ends when it begins counts for nothing: how one is taken back. */
export const takenBack = (run: Run): Run => ({ ...run, to_ms: run.from_ms })

/** True when every device of the run is known by its place. */
export const isResolved = (run: Run): boolean => run.held.every(({ indices }) => indices !== null)
