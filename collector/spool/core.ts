import type { SpoolGap } from './gaps.ts'
import type { SpoolRecord } from './record.ts'
import type { Segment } from './segment.ts'
import type { SpoolFile, SpoolFs } from './spool-fs.ts'
import { type StateFile, writeState } from './state-file.ts'

/** Something a person should look at, raised once and cleared once. */
export interface SpoolAlarm {
  readonly state: 'raised' | 'cleared'
  /** The system's code, such as ENOSPC. */
  readonly code: string
  readonly message: string
}

/** Counters since the spool was opened. */
export interface SpoolCounters {
  appended: number
  /** Records dropped because the spool or the memory ring was full. */
  droppedRecords: number
  /** Positions whose records were damaged. */
  damagedRecords: number
  damagedSegments: number
  /** Bytes of unfinished writes that recovery cut off. */
  tornBytes: number
  diskErrors: number
}

/** What the parts of the spool share. Changed only inside `exclusive`, except by reading counters. */
export interface SpoolCore {
  readonly fs: SpoolFs
  readonly directory: string
  readonly maxBytes: number
  readonly segmentBytes: number
  readonly memoryBytes: number
  readonly id: string
  readonly onGap: (gap: SpoolGap) => void | Promise<void>
  readonly onAlarm: (alarm: SpoolAlarm) => void
  readonly counters: SpoolCounters
  segments: Segment[]
  /** The last segment while it takes records. */
  active: { readonly segment: Segment; readonly handle: SpoolFile } | null
  /** Records that the disk refused, oldest first; lost when the process ends. */
  memory: SpoolRecord[]
  memoryUsed: number
  /** Code of the disk's refusal while records go to memory. */
  alarm: string | null
  /** The first position of this opening. */
  opened: number
  /** The position of the next record. */
  next: number
  /** The highest position on disk, dropped records included. */
  durable: number
  /** The highest position that readers can see. */
  readable: number
  readonly released: Map<string, number>
  gaps: SpoolGap[]
  holes: number[]
}

/** Positions of one opening of a directory: 2^20 apart, so that none is ever used twice (see nextSession). */
const SESSION_POSITIONS = 2 ** 20

/** Which opening a position belongs to; approximate when one opening wrote more than 2^20 records. */
export const sessionOf = (position: number) => Math.floor((position - 1) / SESSION_POSITIONS)

/**
 * First position after an opening. What a reader may have seen of records that a crash took back (a torn
 * tail, the memory ring) is not known, so the count jumps over them: a position means one record for ever.
 */
export const nextSession = (highest: number) =>
  highest === 0 ? 1 : (sessionOf(highest) + 1) * SESSION_POSITIONS + 1

/** Writes the state file. */
export function saveState(core: SpoolCore): Promise<void> {
  const { id, gaps } = core
  const first = core.segments[0]?.first ?? core.next
  core.holes = core.holes.filter((position) => position > first)
  const state: StateFile = {
    version: 1,
    id,
    // Also before anything of this opening is on disk: what waits in memory has its positions, too.
    highest: Math.max(core.next - 1, core.opened),
    released: Object.fromEntries(core.released),
    gaps,
    holes: core.holes,
  }
  return writeState(core.fs, core.directory, state)
}

/** Losses kept in the state file while nobody takes them over; beyond, the oldest is forgotten. */
const MAX_PENDING_GAPS = 256

/** Remembers losses until onGap has taken them over. Save the state before the records go. */
export function addGaps(core: SpoolCore, gaps: readonly SpoolGap[]): void {
  core.gaps = [...core.gaps, ...gaps].slice(-MAX_PENDING_GAPS)
}

/** Hands losses to onGap; they stay in the state file until it returned, or its promise resolved. */
export async function announceGaps(core: SpoolCore, gaps: readonly SpoolGap[]): Promise<void> {
  // All at once: each may take as long as the store is away.
  await Promise.all(
    gaps.map(async (gap) => {
      try {
        await core.onGap(gap)
        core.gaps = core.gaps.filter((pending) => pending !== gap)
      } catch {
        // Not taken over: stays in the state file and is announced again at the next opening.
      }
    }),
  )
}
