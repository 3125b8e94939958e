import { PlimsollError } from '#schemas/errors.ts'

/** One record of a CSV file (RFC 4180) and the line it begins on, counted from 1. */
export interface CsvRecord {
  readonly line: number
  readonly fields: readonly string[]
}

/** A record longer than this is a file that is no CSV, or a quote that nobody closed. */
const RECORD_CHARS_MAX = 1 << 20
const FIELDS_MAX = 10_000

/**
 * Reads records out of pieces of a file, whatever the pieces are cut at; memory is one piece and one record. A byte
 * order mark, CRLF and empty lines are passed over. Throws E_HISTORY_INVALID with file and line.
 */
export async function* csvRecords(
  pieces: AsyncIterable<Uint8Array>,
  { file, delimiter }: { readonly file: string; readonly delimiter: string },
): AsyncGenerator<CsvRecord[]> {
  const reader = createReader(file, delimiter)
  const decoder = new TextDecoder('utf-8')
  for await (const piece of pieces) {
    const records = reader.push(decoder.decode(piece, { stream: true }))
    if (records.length > 0) yield records
  }
  const records = reader.push(`${decoder.decode()}\n`)
  reader.end()
  if (records.length > 0) yield records
}

function createReader(file: string, delimiter: string) {
  /** Text of a line that has not ended. */
  let rest = ''
  /** Lines of a record whose quote is open, and where it began. */
  let open = ''
  let openLine = 0
  let line = 0

  const fail = (at: number, why: string): never => {
    throw new PlimsollError('E_HISTORY_INVALID', `${file}:${at}: ${why}`)
  }
  const take = (text: string, records: CsvRecord[]): void => {
    line += 1
    const isOpen = open !== ''
    const whole = isOpen ? `${open}\n${text}` : text
    const from = isOpen ? openLine : line
    if (whole === '' || whole === '\r') return
    if (whole.length > RECORD_CHARS_MAX)
      fail(from, `a record of more than ${RECORD_CHARS_MAX} characters; is a quote left open?`)
    const fields = whole.includes('"')
      ? quotedFields(whole, delimiter)
      : whole.slice(0, withoutReturn(whole)).split(delimiter)
    if (fields === null) {
      open = whole
      openLine = from
      return
    }
    open = ''
    if (fields === 'garbage') fail(from, 'text behind a closing quote')
    else if (fields.length > FIELDS_MAX) fail(from, `more than ${FIELDS_MAX} columns`)
    else records.push({ line: from, fields })
  }
  return {
    push(text: string): CsvRecord[] {
      const records: CsvRecord[] = []
      const all = rest + text
      let at = 0
      for (;;) {
        const end = all.indexOf('\n', at)
        if (end === -1) break
        take(all.slice(at, end), records)
        at = end + 1
      }
      rest = all.slice(at)
      if (rest.length > RECORD_CHARS_MAX)
        fail(line + 1, `a line of more than ${RECORD_CHARS_MAX} characters`)
      return records
    },
    end(): void {
      if (open !== '') fail(openLine, 'a quote is opened here and never closed')
    },
  }
}

/** Fields of a record with quotes; null when its last quote is still open. */
function quotedFields(text: string, delimiter: string): string[] | 'garbage' | null {
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at)
      fields.push(text.slice(at, end === -1 ? withoutReturn(text) : end))
      if (end === -1) return fields
      at = end + 1
      continue
    }
    let value = ''
    at += 1
    for (;;) {
      const quote = text.indexOf('"', at)
      if (quote === -1) return null
      value += text.slice(at, quote)
      at = quote + 1
      if (text[at] !== '"') break
      value += '"'
      at += 1
    }
    fields.push(value)
    if (at >= withoutReturn(text)) return fields
    if (text[at] !== delimiter) return 'garbage'
    at += 1
  }
}

const withoutReturn = (text: string) => (text.endsWith('\r') ? text.length - 1 : text.length)
