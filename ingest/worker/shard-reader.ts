import type { Clock } from '#schemas/role.ts'
import { createBatchDecoder, createBlockMemory } from '#schemas/wire.ts'
import type { LogMessage } from '../bus/log.ts'
import type { LogState } from './intent.ts'
import { NATIVE_ROWS_MAX } from '../store/native-block.ts'
import type { ShardHandle } from './ports.ts'
import { blockWaitMs, rateAfter } from './block-wait.ts'
import { readMessage, type ReadResult, type TimeLimits } from './read-message.ts'

export interface ReaderOptions {
  readonly timeLimits: TimeLimits
  /** An insert is closed at this many rows… */
  readonly rowsMax: number
  /** …or bytes… */
  readonly bytesMax: number
  /** …or after this long, ms; at high rates up to three times as long (see block-wait.ts). */
  readonly waitMs: number
}

/** Far below the rows of one block (NATIVE_ROWS_MAX), so that what is read at a time rarely goes beyond them. */
export const DEFAULT_READER_LIMITS = {
  rowsMax: 200_000,
  bytesMax: 64 << 20,
  waitMs: 1_200,
} as const
/** Messages asked for at a time. */
const READ_MESSAGES = 256
/** Messages of one insert: an intent lists at most 100,000 positions. */
const MESSAGES_MAX = 50_000
/** How long one read waits while there is nothing to do. */
const IDLE_WAIT_MS = 250
/** A message that came sooner after the question was there before it. */
const AT_ONCE_MS = 20

/** A message with what was found in it. */
export interface Read {
  readonly message: LogMessage
  readonly result: ReadResult
}

export interface ShardReader {
  state(): Promise<LogState>
  /**
   * Messages from a position on, until there are enough rows or bytes, or the waiting time is over. It runs
   * from the end of the last call when messages have been waiting since. Ends the use of all batches of the
   * last call: their memory is written over.
   */
  gather(from: number): Promise<Read[]>
  /** Exactly the messages of a range that the log still holds. */
  range(first: number, last: number): Promise<Read[]>
  /** The message at a position, or null when the log does not hold it. */
  at(position: number, state: LogState): Promise<Read | null>
}

export interface ReaderDeps {
  readonly log: ShardHandle['log']
  readonly options: ReaderOptions
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Repeats a call to the bus until it succeeds; rejects when the shard stops. */
  readonly lasting: <T>(call: () => Promise<T>) => Promise<T>
}

/** Reads and checks the messages of one log. Holds one insert's worth of them, never more. */
export function createShardReader({
  log,
  options,
  clock,
  signal,
  lasting,
}: ReaderDeps): ShardReader {
  const memory = createBlockMemory()
  const decode = createBatchDecoder({ memory })
  const check = (message: LogMessage): Read => ({
    message,
    result: readMessage(message, decode, options.timeLimits),
  })
  const read = (from: number, max: number, waitMs: number) =>
    lasting(() => log.read(from, max, waitMs))

  let rowsPerSecond = 0
  /** When the waiting of the last block began, and when it was complete. */
  let last: { readonly beganMs: number; readonly endedMs: number; readonly rows: number } | null =
    null

  const reader: ShardReader = {
    state: () =>
      lasting(async () => {
        const first = await log.first()
        const last = await log.last()
        return { epoch: log.epoch(), first, last }
      }),
    async gather(from) {
      memory.recycle()
      const reads: Read[] = []
      const askedMs = clock()
      let rows = 0
      let bytes = 0
      let next = from
      let beganMs = askedMs
      let endMs = askedMs + IDLE_WAIT_MS
      let seenMs = askedMs
      /** What is left of the waiting; of a clock that goes back only the steps forward count. */
      const leftMs = () => {
        const nowMs = clock()
        if (nowMs < seenMs) endMs -= seenMs - nowMs
        seenMs = nowMs
        return Math.max(0, endMs - nowMs)
      }
      let isFull = false
      while (rows < options.rowsMax && bytes < options.bytesMax && reads.length < MESSAGES_MAX) {
        if (isFull || signal.aborted) break
        // What is there when time is up is taken too: it has waited as long.
        const messages = await read(next, READ_MESSAGES, leftMs())
        if (messages.length === 0) break
        if (reads.length === 0) {
          // Messages that were there at once came while the last insert was under way.
          const nowMs = clock()
          beganMs = nowMs - askedMs < AT_ONCE_MS ? Math.min(last?.endedMs ?? nowMs, nowMs) : nowMs
          seenMs = nowMs
          endMs = beganMs + blockWaitMs(options.waitMs, rowsPerSecond)
        }
        for (const message of messages) {
          const checked = check(message)
          const own = checked.result.ok ? checked.result.accepted.batch.block.rows : 0
          // The store takes no larger block: what is behind is read again for the next one.
          if (rows + own > NATIVE_ROWS_MAX) {
            isFull = true
            break
          }
          reads.push(checked)
          bytes += message.payload.length
          rows += own
          next = message.position + 1
        }
        if (messages.length < READ_MESSAGES && leftMs() === 0) break
      }
      if (reads.length === 0) {
        if (last !== null) last = { ...last, endedMs: clock() }
        return reads
      }
      if (last !== null)
        rowsPerSecond = rateAfter(rowsPerSecond, {
          rows: last.rows,
          tookMs: beganMs - last.beganMs,
        })
      last = { beganMs, endedMs: clock(), rows }
      return reads
    },
    async range(first, last) {
      const reads: Read[] = []
      for (let next = first; next <= last && !signal.aborted;) {
        const messages = await read(next, READ_MESSAGES, IDLE_WAIT_MS)
        for (const message of messages) if (message.position <= last) reads.push(check(message))
        const end = messages.at(-1)?.position
        // An empty answer is a slow log, not a shorter range: only what expired is passed over.
        next = end === undefined ? Math.max(next, (await reader.state()).first) : end + 1
      }
      return reads
    },
    async at(position, { first, last }) {
      if (position < first || position > last) return null
      const [message] = await read(position, 1, IDLE_WAIT_MS)
      return message?.position === position ? check(message) : null
    },
  }
  return reader
}
