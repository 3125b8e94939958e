import { addGaps, announceGaps, saveState, type SpoolCore } from './core.ts'
import { joinRanges, rangeOf, type SequenceRange } from './gaps.ts'
import { RECORD_OVERHEAD_BYTES, type SpoolRecord } from './record.ts'
import { takeRecords } from './writer.ts'

/** Records that one sync makes durable together, at most. */
const GROUP_RECORDS = 256

/** A message on its way into the spool. */
export type Waiting = Omit<SpoolRecord, 'position'>

/** The message had to make room while the disk did not answer; the spool reports the gap itself. */
export class SpoolOverflow extends Error {}

interface Append {
  readonly entry: Waiting
  readonly resolve: (position: number) => void
  readonly reject: (error: unknown) => void
}

export interface AppendQueue {
  /** Resolves with the position; rejects with SpoolOverflow when the message had to make room. */
  add(entry: Waiting): Promise<number>
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
  /** What waits for the disk, the group that is being written not included. */
  waiting(): { readonly records: number; readonly bytes: number }
}

/**
 * Queues appends and writes those that wait together as one group. A disk that neither writes nor fails
 * holds everything up, so what waits is bounded by `memoryBytes`: beyond, the oldest goes. Its gap is kept
 * as a range and reported once the disk moves again, since a report would have to wait behind it.
 */
export function createAppendQueue(
  core: SpoolCore,
  exclusive: (task: () => Promise<void>) => Promise<void>,
  notify: () => void,
): AppendQueue {
  const queue: Append[] = []
  let bytes = 0
  let dropped: SequenceRange[] = []
  let running: Promise<void> = Promise.resolve()
  let isRunning = false
  const dropOldest = () => {
    const oldest = queue.shift()
    if (oldest === undefined) return
    bytes -= sizeOf(oldest.entry)
    core.counters.droppedRecords += 1
    dropped = joinRanges([...dropped, rangeOfWaiting(oldest.entry)])
    raiseAlarm(core)
    oldest.reject(new SpoolOverflow('the disk does not answer and the memory before it is full'))
  }
  const report = async () => {
    if (dropped.length === 0) return
    const gaps = dropped.map((range) => ({ ...range, reason: 'spool_full' as const }))
    dropped = []
    await exclusive(() => rememberGaps(core, gaps))
    void announceGaps(core, gaps)
  }
  const drain = async () => {
    while (queue.length > 0) {
      const group = queue.splice(0, GROUP_RECORDS)
      for (const { entry } of group) bytes -= sizeOf(entry)
      await writeGroup(core, exclusive, group, notify)
      await report()
    }
    isRunning = false
  }
  return {
    add: (entry) =>
      new Promise<number>((resolve, reject) => {
        queue.push({ entry, resolve, reject })
        bytes += sizeOf(entry)
        while (bytes > core.memoryBytes && queue.length > 1) dropOldest()
        if (isRunning) return
        isRunning = true
        // Appends of the same turn of the event loop join the first group.
        running = Promise.resolve().then(drain)
      }),
    idle: () => running,
    waiting: () => ({ records: queue.length, bytes }),
  }
}

async function writeGroup(
  core: SpoolCore,
  exclusive: (task: () => Promise<void>) => Promise<void>,
  group: readonly Append[],
  notify: () => void,
): Promise<void> {
  const records = group.map(({ entry }) => ({ ...entry, position: core.next++ }))
  try {
    await exclusive(() => takeRecords(core, records))
    core.counters.appended += records.length
    core.readable = records.at(-1)?.position ?? core.readable
    group.forEach(({ resolve }, n) => resolve(records[n]?.position ?? 0))
  } catch (error) {
    for (const { reject } of group) reject(error)
  }
  notify()
}

async function rememberGaps(core: SpoolCore, gaps: Parameters<typeof addGaps>[1]): Promise<void> {
  addGaps(core, gaps)
  try {
    await saveState(core)
  } catch {
    core.counters.diskErrors += 1
  }
}

/** Cleared like any other alarm: by the next group that is on disk. */
function raiseAlarm(core: SpoolCore): void {
  if (core.alarm !== null) return
  core.alarm = 'no_answer'
  core.onAlarm({
    state: 'raised',
    code: core.alarm,
    message: `the disk of the spool in ${core.directory} does not answer: the oldest batches that wait for it are dropped; repair the disk or the mount`,
  })
}

const sizeOf = ({ payload }: Waiting) => RECORD_OVERHEAD_BYTES + payload.length

const rangeOfWaiting = (entry: Waiting) => rangeOf({ ...entry, position: 0 })
