import { crc32 } from 'node:zlib'
import { PlimsollError } from '#schemas/errors.ts'
import { type Journal, JournalEntry } from '#schemas/journal.ts'

export type JournalChange = Parameters<Journal['append']>[0]

/** Bytes of one entry as JSON: below the 1 MiB that a NATS server takes by default. */
export const JOURNAL_ENTRY_BYTES_MAX = 1_000_000
/** Bytes that one read gives back at most, unless its first entry alone is larger. */
export const JOURNAL_READ_BYTES_MAX = 8 * 2 ** 20

/** What is stored of a change; throws E_TOO_LARGE for one that would not fit into a message. */
export function encodeChange({ at_ms, who, body }: JournalChange): Buffer {
  const bytes = Buffer.from(JSON.stringify({ at_ms, who, body }))
  if (bytes.length > JOURNAL_ENTRY_BYTES_MAX)
    throw new PlimsollError(
      'E_TOO_LARGE',
      `one entry of the journal may be ${JOURNAL_ENTRY_BYTES_MAX} bytes, this one (${body.kind}) is ${bytes.length}: send its rows in several entries`,
    )
  return bytes
}

/** The entry stored in these bytes; throws E_JOURNAL_DAMAGED when this version cannot understand it. */
export function decodeChange(bytes: Uint8Array, sequence: number, place: string): JournalEntry {
  try {
    const stored: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (typeof stored !== 'object' || stored === null) throw new Error('no object')
    return JournalEntry.parse({ ...stored, sequence })
  } catch (error) {
    throw new PlimsollError(
      'E_JOURNAL_DAMAGED',
      `entry ${sequence} of ${place} cannot be understood by this version`,
      { cause: error },
    )
  }
}

const LINE_END = 0x0a
/** `<crc32 of what follows, 8 hex digits> <sequence> <JSON>` and a line end. */
const LINE = /^([0-9a-f]{8}) ((\d{1,15}) .*)$/s

/** The line of a file that holds an entry. */
export function encodeLine(sequence: number, change: Uint8Array): Buffer {
  const text = Buffer.concat([Buffer.from(`${sequence} `), change])
  const sum = crc32(text).toString(16).padStart(8, '0')
  return Buffer.concat([Buffer.from(`${sum} `), text, Buffer.of(LINE_END)])
}

/** Where the entries of a segment lie, and what follows the last whole one. */
export interface SegmentScan {
  /** Start of each entry, and the end of the last one. */
  readonly offsets: readonly number[]
  /** Bytes after the last whole entry. */
  readonly tornBytes: number
  /** Whole entries lie behind the damage: no write that was cut short looks like this. */
  readonly isDamaged: boolean
}

/** Finds the longest valid run of entries from `first` on. */
export function scanSegment(bytes: Buffer, first: number): SegmentScan {
  const offsets = [0]
  let at = 0
  for (let sequence = first; at < bytes.length; sequence += 1) {
    const end = bytes.indexOf(LINE_END, at)
    if (end === -1 || sequenceOf(bytes.subarray(at, end)) !== sequence) break
    at = end + 1
    offsets.push(at)
  }
  return { offsets, tornBytes: bytes.length - at, isDamaged: holdsEntry(bytes, at) }
}

function sequenceOf(line: Buffer): number | null {
  // One byte is one character here, so that broken UTF-8 cannot hide behind replacement characters.
  const [, sum, , digits] = LINE.exec(line.toString('latin1')) ?? []
  if (sum === undefined || Number.parseInt(sum, 16) !== crc32(line.subarray(9))) return null
  return Number(digits)
}

function holdsEntry(bytes: Buffer, from: number): boolean {
  for (let at = from; ;) {
    const end = bytes.indexOf(LINE_END, at)
    if (end === -1) return false
    if (sequenceOf(bytes.subarray(at, end)) !== null) return true
    at = end + 1
  }
}

/** The JSON part of a line, without its line end. */
export const changeOf = (line: Buffer): Buffer => line.subarray(line.indexOf(' ', 9) + 1, -1)

export const journalChanged = (expected: number, last?: number) =>
  new PlimsollError(
    'E_JOURNAL_CHANGED',
    `the journal went on meanwhile: ${last === undefined ? '' : `its last entry is ${last}, `}this change was made knowing ${expected}; read what changed and try again`,
  )

export const journalAway = (reason: string, cause?: unknown) =>
  new PlimsollError('E_JOURNAL_AWAY', `the journal takes or gives no entries now: ${reason}`, {
    cause,
  })
