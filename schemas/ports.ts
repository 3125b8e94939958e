import type { ControlState } from '#schemas/control.ts'
import type { IngestReport } from '#schemas/pipeline-report.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { ResendRequest, Watermark } from '#schemas/subjects.ts'

/**
 * The seams between roles. main.ts connects them; no role imports another.
 */

/** One spooled message on its way to the log. */
export interface OutgoingMessage {
  readonly subject: string
  readonly id: string
  readonly seq: number
  readonly boot: string
  readonly payload: Uint8Array
}

/** What the collector publishes through. Resolves when the log holds the message; rejects to retry later. */
export interface Publisher {
  publish(message: OutgoingMessage): Promise<void>
  /**
   * Says events to who listens now, beside the batch that holds them. Returns at once and never throws: what nobody hears
   * is in the table later.
   */
  announce?(events: readonly EventRecord[]): void
  /** Called with every watermark for this collector; returns an unsubscribe. */
  onWatermark(handler: (watermark: Watermark) => void): () => void
  /** Called when ingest misses a range and asks for it again. */
  onResend(handler: (request: ResendRequest) => void): () => void
  /** Called with the orders in force, again and again. */
  onControl(handler: (state: ControlState) => void): () => void
  /** False while the bus is away: the spool keeps growing and nothing is lost. */
  connected(): boolean
}

/** Values a query can bind; each is bound by type, never put into the text. */
export type QueryValue = string | number | boolean | null | readonly string[] | readonly number[]

/** Read-only access to the store. Only query/ writes SELECTs, and only through this. */
export interface Reader {
  /**
   * Runs one statement with bound parameters and returns its rows as plain objects. 64-bit integers
   * arrive as strings; the row schema of the named query parses them. Rejects with E_QUERY_TIMEOUT or
   * E_QUERY_TOO_LARGE when a limit is hit and with E_STORE_AWAY when the store does not answer.
   */
  query(
    sql: string,
    params: Readonly<Record<string, QueryValue>>,
    limits?: ReadLimits,
  ): Promise<unknown[]>
  ping(): Promise<boolean>
}

export interface ReadLimits {
  readonly maxExecutionMs?: number
  readonly maxRowsToRead?: number
  readonly maxResultRows?: number
}

/** What a collector's spool and the bus look like, for /api/v1/collection and /metrics. */
export interface PipelineStatus {
  readonly lag_messages: number | null
  readonly last_insert_ms: number | null
  readonly inserted_rows: number
  readonly quarantined: number
  readonly settled_until_ms: number | null
  /** Null when nobody watches the disks. */
  readonly disk: DiskStatus | null
  /** All of it, as of now; absent before the role has started. */
  readonly report?: IngestReport
}

/** How full the fullest disk that ingest fills is. */
export interface DiskStatus {
  /** `warning` from 85 % on; `stopped` = from 95 % until below 93 % ingest takes no messages. */
  readonly state: 'unknown' | 'ok' | 'warning' | 'stopped'
  /** Share in use, 0..1. */
  readonly used_ratio: number | null
  readonly free_bytes: number | null
  /** A sentence for people, empty while there is nothing to do. */
  readonly detail: string
}
