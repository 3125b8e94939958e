import { type Interpretation, type MeterReading, unread } from '#schemas/reading.ts'
import {
  createTableReader,
  type TableLayout,
  type TableReader,
  type TableRefusal,
} from '../../formats/meter-table.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import { textLines } from '../../formats/text-lines.ts'
import { badHeader, FAILURES } from './faults.ts'

export const SOURCE_NAME = 'meter-csv'

/** Why a line was refused. */
export type Refusal = TableRefusal | 'too_many_bytes' | 'too_many_lines' | 'bad_header'

const READINGS_SHOWN = 4096
const IGNORED_MAX = 64

/** The readings in a whole file that was captured. Pure; never throws. */
export function interpretTable(
  bytes: Uint8Array,
  layout: TableLayout,
  skipLines: number,
): Interpretation {
  const rejections = createRejections<Refusal>()
  const lines = textLines(bytes, (line, reason) => rejections.add(line, reason))
  const at = lines.findIndex((line, index) => index >= skipLines && bare(line) !== '')
  if (at < 0) return { ...unread(SOURCE_NAME, FAILURES.empty), ...refusedOf(rejections) }
  const reader = createTableReader(bare(lines[at] ?? ''), layout)
  if (typeof reader === 'string')
    return { ...unread(SOURCE_NAME, badHeader(reader)), ...refusedOf(rejections) }
  const meters: MeterReading[] = []
  for (const [index, line] of lines.entries())
    if (index > at)
      meters.push(...readRow({ reader, line, place: `line ${index + 1}` }, rejections))
  return {
    ...unread(SOURCE_NAME, FAILURES.no_rows),
    ...(meters.length === 0 ? {} : { outcome: 'ok', reason: null, detail: null }),
    meters: meters.slice(0, READINGS_SHOWN),
    ...refusedOf(rejections),
    ignored: reader.ignored.slice(0, IGNORED_MAX),
  }
}

/** A line without the mark that some tools put before the first one. */
export const bare = (line: string): string => line.replace(/^\uFEFF/, '').trim()

/** The readings of a line; what is refused is counted with the place of the line. */
export function readRow(
  { reader, line, place }: { reader: TableReader; line: string; place: string },
  rejections: Rejections<Refusal>,
): MeterReading[] {
  if (bare(line) === '') return []
  return reader.row(line, (reason, what) => rejections.add(`${place}: ${what}`, reason))
}

export const refusedOf = (rejections: Rejections<Refusal>) => ({
  rejected: rejections.examples(),
  rejectedByReason: rejections.byReason(),
})

/** How surely these bytes are such a table: by its header alone. */
export function recognizeTable(bytes: Uint8Array, layout: TableLayout): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 64 << 10))
  const header = bare(text.split('\n').find((line) => bare(line) !== '') ?? '')
  if (!/[,;\t|]/.test(header)) return 0
  const reader = createTableReader(header, layout)
  return typeof reader === 'string' ? 0 : 0.9
}
