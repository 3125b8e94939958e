import { randomBytes } from 'node:crypto'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import { BOOT_PATTERN } from '#schemas/subjects.ts'
import {
  addGaps,
  announceGaps,
  nextSession,
  saveState,
  type SpoolAlarm,
  type SpoolCore,
  type SpoolCounters,
} from './core.ts'
import { type AppendQueue, createAppendQueue } from './append-queue.ts'
import { joinRanges, rangeOf, type SpoolGap } from './gaps.ts'
import { lockDirectory } from './lock.ts'
import { readRecords } from './reader.ts'
import { MAX_MESSAGE_BYTES, type SpoolRecord } from './record.ts'
import { recover } from './recovery.ts'
import { compact, positionOf, releasedPosition, seal, unreleasedRecords } from './release.ts'
import { nodeFs, type SpoolFs } from './spool-fs.ts'
import { readState } from './state-file.ts'
import { takeRecords } from './writer.ts'

export interface SpoolOptions {
  readonly directory: string
  /** Bound of all segments together; beyond it the oldest segment is dropped and reported. */
  readonly maxBytes: number
  /** Size of one segment, default 16 MiB; at most a quarter of maxBytes. */
  readonly segmentBytes?: number
  /**
   * Bound of the memory ring that holds records while the disk refuses, and of those that wait while it does
   * not answer; default 16 MiB each.
   */
  readonly memoryBytes?: number
  readonly fs?: SpoolFs
  readonly now?: Clock
  /**
   * Called with each loss (possibly before openSpool resolves), also with those of an earlier run that were not taken over then. A loss is
   * remembered on disk until this returns, or until the promise it returns resolves.
   */
  readonly onGap?: (gap: SpoolGap) => void | Promise<void>
  readonly onAlarm?: (alarm: SpoolAlarm) => void
}

/** A message for the spool. */
export type SpoolEntry = Omit<SpoolRecord, 'position' | 'appendedAtMs'>

export interface SpoolStats extends Readonly<SpoolCounters> {
  /** Positions held: first to last, with holes where records were lost. Empty when first > last. */
  readonly first: number
  readonly last: number
  /** Up to this position everything held is known to be in the store. */
  readonly releasedPosition: number
  /** Records held that are not known to be in the store. */
  readonly unreleasedRecords: number
  readonly bytes: number
  readonly maxBytes: number
  readonly segments: number
  /** Records that are only in memory because the disk refuses. */
  readonly memoryRecords: number
  readonly memoryBytes: number
  /** What waits in memory for its turn on the disk; at most memoryBytes of the options. */
  readonly waitingRecords: number
  readonly waitingBytes: number
  /** The disk's refusal (ENOSPC...; no_answer when it hangs), null while it takes records. */
  readonly alarm: string | null
  /** Losses nobody took over yet. */
  readonly pendingGaps: number
}

export interface Spool {
  /** Random id of this directory's life: the epoch of positions. */
  readonly id: string
  /**
   * Resolves with the record's position once it is on disk (or in memory, with an alarm raised, while the
   * disk refuses). Appends that wait together share one sync. Throws E_TOO_LARGE beyond MAX_MESSAGE_BYTES,
   * and SpoolOverflow when the disk does not answer and the message had to make room for a newer one.
   */
  append(entry: SpoolEntry): Promise<number>
  /** Records from `position` on, oldest first; possibly fewer than asked for, none when there are none yet. */
  readFrom(position: number, maxRecords: number): Promise<SpoolRecord[]>
  /** Oldest position held; last() + 1 when nothing is. */
  first(): number
  /** Newest position; 0 when nothing was ever appended. */
  last(): number
  /** Called after every append that became readable; returns an unsubscribe. */
  onAppend(listener: () => void): () => void
  /** Position of a message, or of the next one of its boot still held; null when there is none. */
  positionOf(boot: string, seq: number): number | null
  /** Everything of this boot up to and including seq is in the store: segments it covers are removed. */
  release(upTo: { readonly boot: string; readonly seq: number }): Promise<void>
  stats(): SpoolStats
  /** Waits for running appends, saves the state and gives the directory back. */
  close(): Promise<void>
}

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
const DEFAULT_MEMORY_BYTES = 16 * 1024 * 1024

/**
 * Opens (and creates) a spool: batches on disk until they are known to be in the store. Recovers what an
 * earlier run left. Throws E_SPOOL_LOCKED while another process uses the directory.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const fs = options.fs ?? nodeFs
  const { directory } = options
  await fs.mkdir(directory, { recursive: true })
  const unlock = await lockDirectory(fs, directory)
  try {
    const core = await openCore(fs, options)
    void announceGaps(core, core.gaps)
    return spoolOver(core, options.now ?? Date.now, unlock)
  } catch (error) {
    await unlock()
    if (error instanceof PlimsollError) throw error
    const cause = error instanceof Error ? error.message : String(error)
    throw new PlimsollError('E_INTERNAL', `the spool in ${directory} cannot be opened: ${cause}`, {
      cause: error,
    })
  }
}

async function openCore(fs: SpoolFs, options: SpoolOptions): Promise<SpoolCore> {
  const { directory, maxBytes } = options
  const state = await readState(fs, directory)
  const segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
  const core: SpoolCore = {
    fs,
    directory,
    maxBytes,
    segmentBytes: Math.min(segmentBytes, Math.floor(maxBytes / 4)),
    memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    id: state?.id ?? randomBytes(16).toString('hex'),
    onGap: options.onGap ?? (() => undefined),
    onAlarm: options.onAlarm ?? (() => undefined),
    counters: {
      appended: 0,
      droppedRecords: 0,
      damagedRecords: 0,
      damagedSegments: 0,
      tornBytes: 0,
      diskErrors: 0,
    },
    segments: [],
    active: null,
    memory: [],
    memoryUsed: 0,
    alarm: null,
    opened: 0,
    next: (state?.highest ?? 0) + 1,
    durable: 0,
    readable: 0,
    released: new Map(Object.entries(state?.released ?? {})),
    gaps: state?.gaps ?? [],
    holes: state?.holes ?? [],
  }
  await recover(core)
  core.next = nextSession(core.next - 1)
  core.opened = core.next
  core.durable = core.next - 1
  core.readable = core.next - 1
  // The id must be on disk before a position is given out under it.
  await saveState(core)
  return core
}

/** Runs tasks one after the other, whether they fail or not. */
function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let previous: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = previous.then(task)
    previous = result.catch(() => undefined)
    return result
  }
}

function spoolOver(core: SpoolCore, now: Clock, unlock: () => Promise<void>): Spool {
  const exclusive = oneAtATime()
  const listeners = new Set<() => void>()
  let closing: Promise<void> | null = null
  let compacting: Promise<void> | null = null
  const queue = createAppendQueue(core, exclusive, () => {
    for (const listener of listeners) listener()
  })
  return {
    id: core.id,
    append(entry) {
      if (closing !== null) return Promise.reject(new Error('the spool is closed'))
      const problem = problemOf(entry)
      return problem === null
        ? queue.add({ ...entry, appendedAtMs: now() })
        : Promise.reject(problem)
    },
    readFrom: (position, maxRecords) => readRecords(core, position, maxRecords, exclusive),
    first: () => core.segments[0]?.first ?? core.memory[0]?.position ?? core.readable + 1,
    last: () => core.readable,
    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    positionOf: (boot, seq) => positionOf(core, boot, seq),
    release({ boot, seq }) {
      core.released.set(boot, Math.max(seq, core.released.get(boot) ?? 0))
      // Releases that come while one waits for its turn are covered by it.
      compacting ??= exclusive(() => {
        compacting = null
        return compact(core)
      })
      return compacting
    },
    stats: () => ({ ...statsOf(core), ...waitingOf(queue) }),
    close() {
      closing ??= queue.idle().then(() => exclusive(() => shutDown(core, unlock)))
      return closing
    },
  }
}

function problemOf(entry: SpoolEntry): Error | null {
  const size = entry.payload.length
  if (size > MAX_MESSAGE_BYTES)
    return new PlimsollError(
      'E_TOO_LARGE',
      `a message of ${size} bytes; limit ${MAX_MESSAGE_BYTES}`,
    )
  const isValid = BOOT_PATTERN.test(entry.boot) && Number.isSafeInteger(entry.seq) && entry.seq >= 1
  return isValid ? null : new PlimsollError('E_INTERNAL', 'a message without boot or sequence')
}

/** What only memory holds is tried once more; what even then stays there is recorded as lost. */
async function shutDown(core: SpoolCore, unlock: () => Promise<void>): Promise<void> {
  try {
    if (core.memory.length > 0) await takeRecords(core, [])
    const lost = joinRanges(core.memory.map(rangeOf))
    addGaps(
      core,
      lost.map((range) => ({ ...range, reason: 'spool_full' })),
    )
    await saveState(core)
    await seal(core)
  } finally {
    await unlock()
  }
}

const waitingOf = (queue: AppendQueue) => {
  const { records, bytes } = queue.waiting()
  return { waitingRecords: records, waitingBytes: bytes }
}

function statsOf(core: SpoolCore): Omit<SpoolStats, 'waitingRecords' | 'waitingBytes'> {
  return {
    ...core.counters,
    first: core.segments[0]?.first ?? core.memory[0]?.position ?? core.readable + 1,
    last: core.readable,
    releasedPosition: releasedPosition(core),
    unreleasedRecords: unreleasedRecords(core),
    bytes: core.segments.reduce((sum, segment) => sum + segment.bytes, 0),
    maxBytes: core.maxBytes,
    segments: core.segments.length,
    memoryRecords: core.memory.length,
    memoryBytes: core.memoryUsed,
    alarm: core.alarm,
    pendingGaps: core.gaps.length,
  }
}
