import type { ResendRequest, Watermark } from '#schemas/subjects.ts'

/** A message as the log gives it back. */
export interface LogMessage {
  /** Place in the log: rises, never reused within one epoch. */
  readonly position: number
  readonly subject: string
  /** `<collector>:<boot>:<seq>` as the publisher gave it. */
  readonly id: string
  /** Publisher's wall clock at its last attempt, epoch ms; null where the log does not carry it. */
  readonly sentAtMs: number | null
  /** Wall clock of the log when it took the message, epoch ms. */
  readonly receivedAtMs: number
  readonly payload: Uint8Array
}

/** What ingest needs of a log, whichever bus it is on. */
export interface ShardLog {
  /** The log's own name for its present life, and the positions it holds; last < first when empty. */
  state(): Promise<{ readonly epoch: string; readonly first: number; readonly last: number }>
  /** Up to `max` messages at or after a position, in order; waits up to `waitMs` for the first one. */
  read(from: number, max: number, waitMs: number): Promise<readonly LogMessage[]>
}

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
