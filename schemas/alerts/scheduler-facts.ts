import type { BegunRun, EndedRun } from '../scheduler-book.ts'

/** A job that runs in the scope that was asked about. */
export interface RunningOf {
  readonly job: string
  readonly cluster: string
  readonly tenant: string
  readonly queue: string
  /** Devices in the scope, and how many of them were busy in the newest settled slice, means. */
  readonly devices: number
  readonly busyDevices: number
  readonly startedMs: number
  readonly limitMs: number | null
}

export interface WaitingOf {
  readonly job: string
  readonly tenant: string
  readonly queue: string
  /** Of each task. */
  readonly devices: number
  /** Tasks that may begin: more than one of an array. */
  readonly tasks: number
  readonly submittedMs: number | null
}

/** What schedulers say of a scope. */
export interface SchedulerFacts {
  readonly running: readonly RunningOf[]
  /** First come first; jobs of the scope's cluster and tenant where it has such, of all otherwise. */
  readonly waiting: readonly WaitingOf[]
  /** Devices that nobody holds and that are well, means of the newest settled slice. */
  readonly free: readonly {
    readonly hall: string
    readonly pool: string
    readonly devices: number
  }[]
  /** What ended and began lately, of all scopes, oldest first. */
  readonly ended: readonly (EndedRun & { readonly tenant: string })[]
  readonly begun: readonly BegunRun[]
}
