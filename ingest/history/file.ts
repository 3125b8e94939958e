import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { PassThrough, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PlimsollError } from '#schemas/errors.ts'
import { type CsvRecord, csvRecords } from './csv.ts'
import type { Column } from './map.ts'

/** A file of history, plain or gzip (told by its first bytes). */
export interface HistoryFile {
  readonly path: string
  readonly name: string
  readonly bytes: number
  readonly isGzip: boolean
}

/** Throws E_HISTORY_INVALID when there is no such file. */
export async function historyFile(path: string): Promise<HistoryFile> {
  try {
    const { size } = await stat(path)
    const handle = await open(path)
    try {
      const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
      const isGzip = buffer[0] === 0x1f && buffer[1] === 0x8b
      return { path, name: basename(path), bytes: size, isGzip }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlimsollError('E_HISTORY_INVALID', `${path} cannot be read: ${why}`, { cause })
  }
}

/** SHA-256 of what the file holds as it lies on disk and of how it is read: 32 hex digits. */
export async function historyHash({ path }: HistoryFile, reading: string): Promise<string> {
  const hash = createHash('sha256').update(reading).update('\0')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece)
  return hash.digest('hex').slice(0, 32)
}

export interface RecordsOptions {
  readonly delimiter: string
  readonly header: boolean
  /** Bytes of the file that were read so far. */
  readonly onBytes?: (bytes: number) => void
}

export interface HistoryRecords {
  /** Place of a column in `fields`. Throws E_HISTORY_INVALID for one that the file does not have. */
  readonly place: (column: Column) => number
  readonly batches: AsyncIterable<readonly CsvRecord[]>
}

/** Opens a file and reads its header. Throws E_HISTORY_INVALID for an empty file and for what is no CSV. */
export async function openRecords(
  file: HistoryFile,
  { delimiter, header, onBytes }: RecordsOptions,
): Promise<HistoryRecords> {
  const batches = csvRecords(piecesOf(file, onBytes), { file: file.name, delimiter })
  const first = await batches.next()
  const records = first.done === true ? [] : first.value
  const names = records[0]?.fields
  if (names === undefined) throw new PlimsollError('E_HISTORY_INVALID', `${file.name} is empty`)
  return {
    place: (column) => placeOf(column, { file: file.name, names, header }),
    batches: following(header ? records.slice(1) : records, batches),
  }
}

async function* following(first: CsvRecord[], rest: AsyncIterable<CsvRecord[]>) {
  yield first
  yield* rest
}

async function* piecesOf(
  { path, name, isGzip }: HistoryFile,
  onBytes: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: 1 << 18 })
  let bytes = 0
  stream.on('data', (piece) => onBytes((bytes += piece.length)))
  // The callback only takes note: the reader below throws what went wrong.
  const plain = pipeline(stream, isGzip ? createGunzip() : new PassThrough(), () => undefined)
  try {
    for await (const piece of plain) if (piece instanceof Uint8Array) yield piece
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlimsollError('E_HISTORY_INVALID', `${name} cannot be read to its end: ${why}`, {
      cause,
    })
  } finally {
    stream.destroy()
  }
}

const NAMES_SHOWN = 40

function placeOf(
  column: Column,
  from: { readonly file: string; readonly names: readonly string[]; readonly header: boolean },
): number {
  const { file, names, header } = from
  if (typeof column === 'string' && !header)
    throw new PlimsollError(
      'E_HISTORY_INVALID',
      `${file} has no header line (header: false): give the place of column ${JSON.stringify(column)} as a number`,
    )
  const place = typeof column === 'number' ? column - 1 : names.indexOf(column)
  if (place >= 0 && (typeof column === 'string' || place < names.length)) return place
  const known = header
    ? `the columns are ${names.slice(0, NAMES_SHOWN).join(', ')}`
    : `the first line has ${names.length} columns`
  throw new PlimsollError('E_HISTORY_INVALID', `${file}:1: there is no column ${column}; ${known}`)
}
