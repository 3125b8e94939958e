import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { z } from 'zod'
import type { MeterReading } from '#schemas/reading.ts'
import { createTableReader, type TableLayout, type TableReader } from '../../formats/meter-table.ts'
import type { Rejections } from '../../formats/rejections.ts'
import { type FileStore, FILES_MAX, type FoundFile } from './files.ts'
import { bare, readRow, type Refusal } from './parse.ts'

/** What one read takes: readings (a row of a wide table has up to 2,000), and bytes of one file. */
const READINGS = 2048
const CHUNK_BYTES = 1 << 20
/** The beginning by which a file that took another's place is told. */
const HEAD_BYTES = 256

const Position = z.strictObject({
  key: z.string().max(100),
  /** Bytes that were read, up to the end of a line. */
  offset: z.int().min(0),
  line: z.int().min(0),
  header: z.string().max(65_536).nullable(),
  head: z.strictObject({ bytes: z.int().min(0).max(HEAD_BYTES), hash: z.string().max(64) }),
})
type Position = z.infer<typeof Position>
const Positions = z.strictObject({ version: z.literal(1), files: z.array(Position).max(FILES_MAX) })

/** A file on its way. */
interface Followed {
  position: Position
  reader: TableReader | null
  /** As it was seen last. */
  size: number
  mtimeMs: number
}

/** What is remembered of a folder between reads. */
export interface Following {
  readonly files: Map<string, Followed>
  /** Positions after the last read, to be saved at the next: what was read then is on its way by now. */
  unsaved: string | null
}

/** What a read takes part in. */
export interface FollowWork {
  readonly store: FileStore
  readonly layout: TableLayout
  readonly skipLines: number
  readonly encoding: 'utf-8' | 'gb18030'
  readonly rejections: Rejections<Refusal>
}

/** Begins where a saved text of positions says; a text that says nothing begins anew. */
export function startFollowing(saved: string | null): Following {
  const files = new Map<string, Followed>()
  for (const position of positionsIn(saved))
    files.set(position.key, { position, reader: null, size: -1, mtimeMs: -1 })
  return { files, unsaved: null }
}

function positionsIn(saved: string | null): readonly Position[] {
  try {
    const parsed = Positions.safeParse(JSON.parse(saved ?? ''))
    return parsed.success ? parsed.data.files : []
  } catch {
    return []
  }
}

/** The positions as a text. */
export const positionsText = ({ files }: Following): string =>
  JSON.stringify({ version: 1, files: [...files.values()].map(({ position }) => position) })

/** What one read brought. */
export interface News {
  readonly meters: readonly MeterReading[]
  /** Why a header cannot be read, of the last such file. */
  readonly badHeader: string | null
  /** Columns nobody uses. */
  readonly ignored: readonly string[]
}

/**
 * The readings that were added to files since the last read, oldest file first, as many as one read takes; the rest waits
 * for the next. A file that was renamed goes on where it was; one that was truncated or replaced begins anew. A last line
 * without an end is taken when the file has not changed since the last read.
 */
export async function readNews(
  following: Following,
  found: readonly FoundFile[],
  work: FollowWork,
): Promise<News> {
  const here = new Set(found.map(({ key }) => key))
  for (const key of following.files.keys()) if (!here.has(key)) following.files.delete(key)
  const meters: MeterReading[] = []
  const ignored = new Set<string>()
  let badHeader: string | null = null
  for (const file of found.slice(0, FILES_MAX)) {
    const wrong = await readFile(file, { following, meters, work })
    if (wrong !== null) badHeader = wrong
    for (const name of following.files.get(file.key)?.reader?.ignored ?? []) ignored.add(name)
    if (meters.length >= READINGS) break
  }
  return { meters, badHeader, ignored: [...ignored].slice(0, 64) }
}

interface Into {
  readonly following: Following
  readonly meters: MeterReading[]
  readonly work: FollowWork
}

/** Null, or why the header cannot be read. */
async function readFile(
  file: FoundFile,
  { following, meters, work }: Into,
): Promise<string | null> {
  const before = following.files.get(file.key)
  const isStill = before?.size === file.size && before.mtimeMs === file.mtimeMs
  if (isStill && before.position.offset >= file.size) return null
  const followed = before !== undefined && (await isSame(file, before, work)) ? before : begun(file)
  following.files.set(file.key, followed)
  followed.size = file.size
  followed.mtimeMs = file.mtimeMs
  if (followed.position.head.bytes < HEAD_BYTES) followed.position.head = await headOf(file, work)
  for (;;) {
    const { offset } = followed.position
    if (offset >= file.size || meters.length >= READINGS) return null
    const chunk = await work.store.read(
      file.path,
      offset,
      Math.min(CHUNK_BYTES, file.size - offset),
    )
    const isLast = offset + chunk.length >= file.size
    const taken = takeLines({ chunk, isWhole: isStill && isLast }, { file, followed, meters, work })
    if (typeof taken === 'string') return taken
    if (taken === 0 && isLast) return null
    if (taken === 0) {
      work.rejections.add(
        `${basename(file.path)} line ${followed.position.line + 1}`,
        'line_too_long',
      )
      followed.position.offset += chunk.length
    }
  }
}

const begun = ({ key }: FoundFile): Followed => ({
  position: { key, offset: 0, line: 0, header: null, head: { bytes: 0, hash: '' } },
  reader: null,
  size: -1,
  mtimeMs: -1,
})

async function isSame(
  file: FoundFile,
  { position: { offset, head } }: Followed,
  { store }: FollowWork,
): Promise<boolean> {
  if (file.size < offset) return false
  return hashOf(await store.read(file.path, 0, head.bytes)) === head.hash || head.bytes === 0
}

async function headOf(file: FoundFile, { store }: FollowWork): Promise<Position['head']> {
  const bytes = Math.min(HEAD_BYTES, file.size)
  return { bytes, hash: hashOf(await store.read(file.path, 0, bytes)) }
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 32)

interface Rows {
  readonly file: FoundFile
  readonly followed: Followed
  readonly meters: MeterReading[]
  readonly work: FollowWork
}

/** Takes whole lines; how many bytes they had, or why the header cannot be read. */
function takeLines(
  { chunk, isWhole }: { readonly chunk: Uint8Array; readonly isWhole: boolean },
  rows: Rows,
): number | string {
  const { followed, meters, work } = rows
  const decoder = new TextDecoder(work.encoding)
  let at = 0
  while (at < chunk.length && meters.length < READINGS) {
    const newline = chunk.indexOf(10, at)
    if (newline < 0 && !isWhole) break
    const end = newline < 0 ? chunk.length : newline
    const wrong = takeLine(decoder.decode(chunk.subarray(at, end)).replace(/\r$/, ''), rows)
    if (wrong !== null) return wrong
    const next = Math.min(end + 1, chunk.length)
    followed.position.offset += next - at
    at = next
  }
  return at
}

function takeLine(line: string, { file, followed, meters, work }: Rows): string | null {
  const { position } = followed
  position.line++
  if (position.line <= work.skipLines) return null
  if (followed.reader === null) {
    const header = position.header ?? bare(line)
    if (header === '') return null
    const reader = createTableReader(header, work.layout)
    if (typeof reader === 'string') {
      position.line--
      return `${basename(file.path)}: ${reader}`
    }
    const isFirst = position.header === null
    followed.reader = reader
    position.header = header
    if (isFirst) return null
  }
  const place = `${basename(file.path)} line ${position.line}`
  meters.push(...readRow({ reader: followed.reader, line, place }, work.rejections))
  return null
}
