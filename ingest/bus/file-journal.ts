import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import type { Logger } from '#schemas/role.ts'
import {
  changeOf,
  decodeChange,
  encodeChange,
  encodeLine,
  JOURNAL_READ_BYTES_MAX,
  journalAway,
  journalChanged,
  scanSegment,
} from './journal-record.ts'

/** A segment that has reached this is closed; small enough to be looked through in one piece. */
const SEGMENT_BYTES = 16 * 2 ** 20
const SEGMENT_NAME = /^(\d{12})\.journal$/

export interface FileJournalOptions {
  readonly directory: string
  readonly log: Logger
  /** Takes the directory for this process, or throws; resolves with what gives it back. */
  readonly lock: (directory: string) => Promise<() => Promise<void>>
  /** Bytes after which a new segment begins; default 16 MiB. */
  readonly segmentBytes?: number
}

export interface FileJournal extends Journal {
  close(): Promise<void>
}

/** The segment that is written to. */
interface Tail {
  readonly first: number
  readonly path: string
  readonly handle: FileHandle
  /** Start of each entry, and the end of the last one. */
  readonly offsets: number[]
  /** A write failed half-way: what lies behind the last entry must go before the next one. */
  isTorn: boolean
}

interface Closed {
  readonly first: number
  readonly offsets: readonly number[]
}

const nameOf = (first: number) => `${String(first).padStart(12, '0')}.journal`

/**
 * The journal of a standalone process: segment files of one line per entry, each synced before its append
 * resolves. Opening cuts off a last line that a crash left half-written. Throws E_JOURNAL_DAMAGED when anything
 * else is wrong with it, because what people decided must not vanish in silence, and whatever `lock` throws.
 */
export async function openFileJournal(options: FileJournalOptions): Promise<FileJournal> {
  const { directory, segmentBytes = SEGMENT_BYTES } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unlock = await options.lock(directory)
  try {
    const firsts = await segmentsIn(directory)
    const newest = firsts.at(-1)
    const tail = await openTail(options, newest ?? 1, newest === undefined)
    if (newest === undefined) firsts.push(1)
    return journalOver({ directory, segmentBytes, firsts, unlock }, tail)
  } catch (error) {
    await unlock()
    throw error
  }
}

interface Parts {
  readonly directory: string
  readonly segmentBytes: number
  /** First sequence of every segment, the tail's included. */
  readonly firsts: number[]
  readonly unlock: () => Promise<void>
}

function journalOver(parts: Parts, opened: Tail): FileJournal {
  const { directory, firsts } = parts
  let tail = opened
  let closed: Closed | null = null
  let isClosed = false
  let turn: Promise<unknown> = Promise.resolve()
  const last = () => tail.first + tail.offsets.length - 2

  const roll = async () => {
    const first = last() + 1
    const next = await createSegment(directory, first)
    await tail.handle.close()
    tail = next
    firsts.push(first)
  }
  const appendNow: Journal['append'] = async (change, { expectedLast } = {}) => {
    if (isClosed) throw journalAway('it is closed')
    if (expectedLast !== undefined && expectedLast !== last())
      throw journalChanged(expectedLast, last())
    const sequence = last() + 1
    const line = encodeLine(sequence, encodeChange(change))
    try {
      if (tail.isTorn) await cutTail(tail)
      if (tail.offsets.length > 1 && endOf(tail) + line.length > parts.segmentBytes) await roll()
      await writeLine(tail, line)
    } catch (error) {
      throw journalAway(error instanceof Error ? error.message : String(error), error)
    }
    return { ...change, sequence }
  }
  /** Places of the entries of one segment. */
  const segmentAt = async (first: number): Promise<Closed> => {
    if (first === tail.first) return tail
    if (closed?.first === first) return closed
    const path = join(directory, nameOf(first))
    const { offsets, tornBytes } = scanSegment(await readFile(path), first)
    const next = firsts[firsts.indexOf(first) + 1]
    if (tornBytes > 0 || first + offsets.length - 1 !== next) throw damaged(path, first, offsets)
    closed = { first, offsets }
    return closed
  }
  const readFrom: Journal['readFrom'] = async (sequence, limit) => {
    if (isClosed) throw journalAway('it is closed')
    const found: JournalEntry[] = []
    let bytes = 0
    for (let at = Math.max(1, sequence); at <= last() && found.length < limit;) {
      const first = firsts.findLast((one) => one <= at) ?? 1
      const { offsets } = await segmentAt(first)
      const from = at - first
      let to = from
      while (
        to < offsets.length - 1 &&
        found.length + to - from < limit &&
        bytes + spanOf(offsets, from, to + 1) <= JOURNAL_READ_BYTES_MAX
      )
        to += 1
      if (to === from && found.length > 0) break
      to = Math.max(to, from + 1)
      found.push(
        ...(await readEntries(join(directory, nameOf(first)), { first, offsets }, from, to)),
      )
      bytes += spanOf(offsets, from, to)
      at = first + to
    }
    return found
  }
  return {
    append(change, appendOptions) {
      const done = turn.then(() => appendNow(change, appendOptions))
      turn = done.catch(() => undefined)
      return done
    },
    readFrom,
    last: () => (isClosed ? Promise.reject(journalAway('it is closed')) : Promise.resolve(last())),
    async close() {
      if (isClosed) return
      isClosed = true
      await turn
      await tail.handle.close()
      await parts.unlock()
    },
  }
}

const endOf = ({ offsets }: Pick<Tail, 'offsets'>) => offsets.at(-1) ?? 0
const spanOf = (offsets: readonly number[], from: number, to: number) =>
  (offsets[to] ?? 0) - (offsets[from] ?? 0)

async function segmentsIn(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  const firsts = names.flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number)
  firsts.sort((a, b) => a - b)
  const [first] = firsts
  if (first === undefined || first === 1) return firsts
  throw new PlimsollError(
    'E_JOURNAL_DAMAGED',
    `the journal in ${directory} begins with entry ${first}: ${nameOf(1)} and what follows it are missing`,
  )
}

async function openTail(
  { directory, log }: FileJournalOptions,
  first: number,
  isNew: boolean,
): Promise<Tail> {
  if (isNew) return createSegment(directory, first)
  const path = join(directory, nameOf(first))
  const { offsets, tornBytes, isDamaged } = scanSegment(await readFile(path), first)
  if (isDamaged) throw damaged(path, first, offsets)
  const handle = await open(path, 'r+')
  const tail: Tail = { first, path, handle, offsets: [...offsets], isTorn: tornBytes > 0 }
  try {
    if (tornBytes > 0)
      log.warn(
        'the last entry of the journal was cut short by a crash and was never acknowledged',
        {
          path,
          bytes: tornBytes,
        },
      )
    await cutTail(tail)
  } catch (error) {
    await handle.close()
    throw error
  }
  return tail
}

async function createSegment(directory: string, first: number): Promise<Tail> {
  const path = join(directory, nameOf(first))
  // An empty one may be there: made by an append that failed afterwards.
  const handle = await open(path, 'a+', 0o600)
  await handle.close()
  const names = await open(directory, 'r')
  try {
    await names.sync()
  } finally {
    await names.close()
  }
  return { first, path, handle: await open(path, 'r+'), offsets: [0], isTorn: true }
}

async function cutTail(tail: Tail): Promise<void> {
  await tail.handle.truncate(endOf(tail))
  await tail.handle.sync()
  tail.isTorn = false
}

async function writeLine(tail: Tail, line: Buffer): Promise<void> {
  const start = endOf(tail)
  tail.isTorn = true
  for (let written = 0; written < line.length;) {
    const rest = line.length - written
    const { bytesWritten } = await tail.handle.write(line, written, rest, start + written)
    written += bytesWritten
  }
  await tail.handle.datasync()
  tail.isTorn = false
  tail.offsets.push(start + line.length)
}

async function readEntries(
  path: string,
  { first, offsets }: Closed,
  from: number,
  to: number,
): Promise<JournalEntry[]> {
  const start = offsets[from] ?? 0
  const bytes = Buffer.alloc(spanOf(offsets, from, to))
  const handle = await open(path, 'r')
  try {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
    if (bytesRead < bytes.length) throw damaged(path, first, offsets)
  } finally {
    await handle.close()
  }
  const entries: JournalEntry[] = []
  for (let at = from; at < to; at += 1) {
    const line = bytes.subarray((offsets[at] ?? 0) - start, (offsets[at + 1] ?? 0) - start)
    entries.push(decodeChange(changeOf(line), first + at, path))
  }
  return entries
}

const damaged = (path: string, first: number, offsets: readonly number[]) =>
  new PlimsollError(
    'E_JOURNAL_DAMAGED',
    `${path} is damaged behind entry ${first + offsets.length - 2}; put the folder's last backup in its place`,
  )
