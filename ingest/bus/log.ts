import type { StreamFill } from '#schemas/pipeline-report.ts'
import type { OutgoingMessage } from '#schemas/ports.ts'

/** A message as the log holds it: reading it again gives the same fields. */
export interface LogMessage {
  /** Grows along the log, with holes; unique within an epoch. */
  readonly position: number
  readonly subject: string
  /** What the publisher called it, see messageId; empty when it did not say. */
  readonly id: string
  readonly payload: Uint8Array
  /** When the log took it, epoch ms of the log's clock. */
  readonly receivedAtMs: number
  /** Publisher's clock at the attempt that arrived, epoch ms; null when it did not say. */
  readonly sentAtMs: number | null
}

/**
 * The bus as ingest sees it: messages in one order, read by position. Two forms, one test suite:
 * JetStream, and the collector's own spool read in place.
 */
export interface Log {
  /** The life of the positions. Another value than before: a new log, positions mean nothing any more. */
  epoch(): string
  /** Oldest position that can still be read; last() + 1 when the log holds nothing. */
  first(): Promise<number>
  /** Newest position ever given; 0 for a new log. */
  last(): Promise<number>
  /** Resolves with the position when the log holds the message. The same id again gives its first position. */
  append(message: OutgoingMessage): Promise<number>
  /**
   * Messages from a position on, in order: at least one and at most `maxMessages`, or none when none
   * came within `waitMs`. One reader at a time. Rejects with E_BUS_AWAY while the log cannot be reached.
   */
  read(fromPosition: number, maxMessages: number, waitMs: number): Promise<LogMessage[]>
  /** How full the log was when it was last asked for first or last; absent where nothing bounds it here. */
  fill?(): StreamFill | null
  close(): Promise<void>
}

/** What the direct log needs of a spool: collector/spool's `Spool` fits. */
export interface DirectSpool {
  readonly id: string
  append(entry: DirectSpoolEntry): Promise<number>
  readFrom(position: number, maxRecords: number): Promise<readonly DirectSpoolRecord[]>
  first(): number
  last(): number
  onAppend(listener: () => void): () => void
  positionOf(boot: string, seq: number): number | null
}

export interface DirectSpoolEntry {
  readonly boot: string
  readonly seq: number
  readonly kind: 'telemetry' | 'events'
  readonly fromMs: number
  readonly toMs: number
  readonly payload: Uint8Array
}

export interface DirectSpoolRecord extends DirectSpoolEntry {
  readonly position: number
  readonly appendedAtMs: number
}
