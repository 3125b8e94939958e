import { dirname, join } from 'node:path'
import { joinRanges, rangeOf, type SequenceRange } from './gaps.ts'
import { lastRecordAfter, recordAt, type RecordMeta } from './record.ts'
import { errnoOf, type SpoolFs } from './spool-fs.ts'

/** Sequences of one boot that lie one after the other, from `firstPosition` on. */
export interface Run extends SequenceRange {
  readonly firstPosition: number
}

/** One file of records with consecutive positions, named by the first of them. */
export interface Segment {
  readonly path: string
  readonly first: number
  /** Last durable position; first - 1 while there is none. */
  last: number
  /** Durable bytes: readers look no further. */
  bytes: number
  runs: Run[]
  /** Where every 64 KiB a record starts, to begin reading near a position. */
  readonly marks: { readonly position: number; readonly offset: number }[]
  /** The last record, for what follows it. */
  lastRecord: RecordMeta | null
}

const MARK_BYTES = 64 * 1024
const NAME = /^(\d{16})\.seg$/

/** An empty segment; the file is the caller's. */
export function newSegment(directory: string, first: number): Segment {
  const path = join(directory, `${String(first).padStart(16, '0')}.seg`)
  return { path, first, last: first - 1, bytes: 0, runs: [], marks: [], lastRecord: null }
}

/** First positions of the segment files in a directory, in order. */
export async function segmentPositions(fs: SpoolFs, directory: string): Promise<number[]> {
  const positions: number[] = []
  for (const name of await fs.readdir(directory)) {
    const match = NAME.exec(name)
    if (match !== null) positions.push(Number(match[1]))
  }
  return positions.toSorted((a, b) => a - b)
}

/** Takes one more record of `size` bytes into the segment's knowledge. */
export function extendSegment(segment: Segment, record: RecordMeta, size: number): void {
  const mark = segment.marks.at(-1)
  if (mark === undefined || segment.bytes - mark.offset >= MARK_BYTES)
    segment.marks.push({ position: record.position, offset: segment.bytes })
  const run = segment.runs.at(-1)
  const [joined, other] = joinRanges(run === undefined ? [rangeOf(record)] : [run, rangeOf(record)])
  if (run === undefined || other !== undefined)
    segment.runs.push({ ...rangeOf(record), firstPosition: record.position })
  else if (joined !== undefined)
    segment.runs[segment.runs.length - 1] = { ...joined, firstPosition: run.firstPosition }
  segment.last = record.position
  segment.bytes += size
  const { position, kind, boot, seq, fromMs, toMs, appendedAtMs } = record
  segment.lastRecord = { position, kind, boot, seq, fromMs, toMs, appendedAtMs }
}

/** Offset of a record at or before `position`. */
export function offsetBefore(segment: Segment, position: number): number {
  let low = 0
  let high = segment.marks.length - 1
  let offset = 0
  while (low <= high) {
    const middle = (low + high) >> 1
    const mark = segment.marks[middle]
    if (mark === undefined || mark.position > position) high = middle - 1
    else {
      offset = mark.offset
      low = middle + 1
    }
  }
  return offset
}

/** A segment file as found: its longest valid prefix, and what lies behind it. */
export interface LoadedSegment {
  readonly segment: Segment
  /** Bytes after the prefix: a torn write or damage. */
  readonly tailBytes: number
  /** The last whole record inside the tail: proof that records before it were damaged, not just cut off. */
  readonly beyond: RecordMeta | null
  /** The disk did not give the file out: what is in it is not known, and may be whole. */
  readonly isUnreadable: boolean
}

/** A disk that fails once may answer the next time. */
const READ_ATTEMPTS = 3

/** Reads a segment file up to the first byte that is not the next record, or to `bound` (exclusive). */
export async function loadSegment(
  fs: SpoolFs,
  empty: Segment,
  bound: number,
): Promise<LoadedSegment> {
  const segment = newSegment(dirname(empty.path), empty.first)
  const bytes = await readSegmentFile(fs, empty.path)
  if (bytes === null) return { segment, tailBytes: 1, beyond: null, isUnreadable: true }
  for (;;) {
    const found = recordAt(bytes, segment.bytes)
    const position = found?.record.position
    if (found === null || position !== segment.last + 1 || position >= bound) break
    extendSegment(segment, found.record, found.end - segment.bytes)
  }
  const tailBytes = bytes.length - segment.bytes
  const beyond = tailBytes === 0 ? null : lastRecordAfter(bytes, segment.bytes)
  const isOurs = beyond !== null && beyond.position > segment.last && beyond.position < bound
  return { segment, tailBytes, beyond: isOurs ? beyond : null, isUnreadable: false }
}

/** The file's bytes, or null when it is gone or the disk cannot read it: then all of it is damaged. */
async function readSegmentFile(fs: SpoolFs, path: string): Promise<Buffer | null> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
    try {
      return await fs.readFile(path)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null
      if (errnoOf(error) !== 'EIO') throw error
    }
  }
  return null
}
