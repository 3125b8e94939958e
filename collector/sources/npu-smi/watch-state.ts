import type { CommandStream } from '../../source.ts'
import type { Failure } from './failures.ts'
import type { WatchRow } from './parse-columns.ts'
import type { NpuOutput } from './parse-output.ts'

/** A row of the stream and when it was taken, monotonic ms. */
export interface TakenRow {
  readonly row: WatchRow
  readonly atMs: number
}

/** What is known of the long-running `npu-smi info watch` of one target. Times are monotonic ms. */
export class WatchState {
  /** Epoch ms of the last read, and how far apart reads are; null until two were made. */
  lastTickMs: number | null = null
  intervalMs: number | null = null
  handle: CommandStream | null = null
  /** Settles when a stream that was told to end is really gone. */
  ending: Promise<void> | null = null
  startedMs = 0
  lastRowMs: number | null = null
  /** Column header of the stream: printed once, needed for every row. */
  header: string | null = null
  /** Newest row of each chip, by place. */
  readonly rows = new Map<string, TakenRow>()
  /** The last failure text of the stream: the cause when it ends. */
  said: Failure | null = null
  /** Seen to have ended; the next read draws the conclusion. */
  isEnding = false
  /** Which list of columns is asked for; moves on when a tool refuses one. */
  choice = 0
  /** Short lives in a row. */
  failures = 0
  /** While set, reads answer with it until `notBeforeMs`. */
  fault: Failure | null = null
  notBeforeMs = 0
  /** This tool cannot `watch`, or not for long: one call per read until then. */
  refusedUntilMs = 0
  /** Since when another stream of this tool is in the way. */
  busySinceMs: number | null = null
  /** The last box, and when. */
  box: { readonly output: NpuOutput; readonly atMs: number } | null = null
  /** The calls beside the stream that are under way. */
  round: { readonly startedMs: number } | null = null
  nextRoundMs = 0
  /** Grows when the target is let go of: what is under way ends at its next step. */
  life = 0
  /** Whether `stdbuf` is on PATH; null until looked. */
  hasStdbuf: boolean | null = null
}
