import type { ResendRequest, Watermark } from '#schemas/subjects.ts'
import type { Log } from '../bus/log.ts'

/** What ingest needs of a log, whichever bus it is on. */
export type ShardLog = Pick<Log, 'epoch' | 'first' | 'last' | 'read'>

/** Where the boundary of the next insert is frozen, per shard. */
export interface ShardIntents {
  last(): Promise<{ readonly value: unknown; readonly revision: number } | null>
  /**
   * Replaces the intent that has this revision (null = there is none) and returns the new one. Rejects
   * with E_INTENT_TAKEN when another process wrote in between.
   */
  write(value: unknown, expectedRevision: number | null): Promise<number>
}

/** Tells collectors what is stored and what is missing. Losing a word is harmless: it is repeated. */
export interface Announcer {
  watermark(cluster: string, collector: string, watermark: Watermark): Promise<void>
  resend(cluster: string, collector: string, request: ResendRequest): Promise<void>
}

/** One stream partition or one local spool, with everything that belongs to it. */
export interface ShardHandle {
  readonly shard: number
  readonly name: string
  readonly log: ShardLog
  readonly intents: ShardIntents
  readonly announcer: Announcer
}
