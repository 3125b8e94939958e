import type { IntentStore } from '../bus/intents.ts'
import type { Log } from '../bus/log.ts'
import type { WatermarkSender } from '../bus/watermarks.ts'

/** One stream partition or one local spool, with everything that belongs to it. */
export interface ShardHandle {
  /** Number of the shard in intents, tokens and rows: the same at every start. */
  readonly shard: number
  /** How the log names it: `jetstream-0`, `spool-<collector>`. */
  readonly name: string
  readonly log: Pick<Log, 'epoch' | 'first' | 'last' | 'read' | 'fill'>
  /** Whether a collector's batches come through this shard; absent = all do. */
  readonly owns?: (collector: string) => boolean
  readonly intents: IntentStore
  readonly watermarks: Pick<WatermarkSender, 'publish' | 'requestResend'>
}
