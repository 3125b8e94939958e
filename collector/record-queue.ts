import type { BatchRecord } from '#schemas/records.ts'
import type { TimeSource } from './clock.ts'

/** How long a record waits for rows to ride along with, ms. */
const LINGER_MS = 250
/** Records that ride along with samples, and records in a message of their own, with their bytes. */
const WITH_ROWS = { records: 64, bytes: 128 << 10 }
const ALONE = { records: 256, bytes: 384 << 10 }
/** Records waiting while the spool is slow; beyond, the oldest target lines and samples go, counted. */
const WAITING = 16_384

/** Said again at the next read or minute. */
const RENEWED: ReadonlySet<BatchRecord['kind']> = new Set(['target', 'node_sample', 'meter_sample'])

export interface RecordQueue {
  /** `isOnce`: nobody says it again, whatever its kind (readings of a file or a push). */
  add(record: BatchRecord, isOnce?: boolean): void
  /** The oldest ones, for a message that goes anyway. */
  ride(): BatchRecord[]
  /** Sends all that wait. */
  flush(): void
  dropped(): number
}

/** Records on their way into a message: with the next rows, or on their own after a short wait. */
export function createRecordQueue(
  time: TimeSource,
  send: (records: readonly BatchRecord[]) => void,
): RecordQueue {
  const waiting: BatchRecord[] = []
  const once = new WeakSet<BatchRecord>()
  let cancel: (() => void) | null = null
  let dropped = 0
  const flush = () => {
    cancel?.()
    cancel = null
    while (waiting.length > 0) send(take(waiting, ALONE))
  }
  return {
    add(record, isOnce = false) {
      waiting.push(record)
      if (isOnce) once.add(record)
      if (waiting.length > WAITING) {
        // An event or a fact is said once.
        const at = waiting.findIndex((one) => RENEWED.has(one.kind) && !once.has(one))
        waiting.splice(Math.max(0, at), 1)
        dropped++
      }
      cancel ??= time.setTimer(LINGER_MS, flush)
    },
    ride: () => take(waiting, WITH_ROWS),
    flush,
    dropped: () => dropped,
  }
}

/** The oldest records, as many as fit; at least one when there is one. */
function take(
  waiting: BatchRecord[],
  limit: { readonly records: number; readonly bytes: number },
): BatchRecord[] {
  let count = 0
  let bytes = 0
  for (const record of waiting.slice(0, limit.records)) {
    bytes += bytesOf(record)
    if (count > 0 && bytes > limit.bytes) break
    count++
  }
  return waiting.splice(0, count)
}

/** What a sample of a meter takes beside its values, and each of those: more than it ever is. */
const SAMPLE_BYTES = 512
const VALUE_BYTES = 64

/** About what a record takes in a message; samples of meters are many, and all alike. */
const bytesOf = (record: BatchRecord): number =>
  record.kind === 'meter_sample'
    ? SAMPLE_BYTES + VALUE_BYTES * Object.keys(record.values).length
    : Buffer.byteLength(JSON.stringify(record))
