/** One row and the line of the file on which it begins (from 1; a quoted cell may hold line breaks). */
export interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

/** What is wrong, where, and what to do. `column` counts cells from 1; null = the row as a whole. */
export interface CsvProblem {
  readonly line: number
  readonly column: number | null
  readonly message: string
}

export interface CsvTable {
  /** First row as it stands; empty when the file was refused as a whole. */
  readonly header: readonly string[]
  /** Each has as many cells as the header. */
  readonly rows: readonly CsvRow[]
  /** One for each refused row, or one for the file. */
  readonly problems: readonly CsvProblem[]
}

export interface CsvLimits {
  readonly charsMax: number
  readonly rowsMax: number
  readonly columnsMax: number
  readonly cellCharsMax: number
}

/** Room for a line per device and job of a large site; what spreadsheets allow in a cell. */
export const CSV_LIMITS: CsvLimits = {
  charsMax: 1 << 26,
  rowsMax: 1_000_000,
  columnsMax: 256,
  cellCharsMax: 32_767,
}

type Cell = { readonly text: string; readonly end: number } | { readonly wrong: string }
type Row =
  | { readonly cells: readonly string[]; readonly end: number }
  | { readonly column: number; readonly wrong: string }

/**
 * Reads comma-separated values with a header row, as RFC 4180 has them: a cell may stand in double quotes, and
 * then hold commas, line breaks and doubled quotes. CRLF and LF end a line, a byte order mark is skipped, empty
 * lines are no rows. A row that breaks the rules, or has another number of cells than the header, is refused
 * alone: reading goes on at the next line. A file beyond a limit, or that is no such table, is refused whole.
 */
export function readCsv(text: string, limits: CsvLimits = CSV_LIMITS): CsvTable {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const unfit = unfitFile(body, limits)
  if (unfit !== null) return refused(1, unfit)
  const rows: CsvRow[] = []
  const problems: CsvProblem[] = []
  let header: readonly string[] | null = null
  let line = 1
  for (let at = 0; at < body.length;) {
    const blank = lineEnd(body, at)
    if (blank > at) {
      at = blank
      line++
      continue
    }
    const row = readRow(body, at, limits)
    const begins = line
    if ('wrong' in row) {
      if (header === null) return refused(line, `the header: ${row.wrong}`, row.column)
      problems.push({ line, column: row.column, message: row.wrong })
      at = nextLine(body, at)
      line++
    } else {
      line += breaksIn(body, at, row.end)
      at = row.end
      if (header === null) {
        header = row.cells
        const wrong = unfitHeader(header)
        if (wrong !== null) return refused(begins, wrong)
        continue
      }
      if (row.cells.length === header.length) rows.push({ line: begins, cells: row.cells })
      else problems.push(countProblem(begins, row.cells.length, header.length))
    }
    if (rows.length + problems.length > limits.rowsMax)
      return refused(begins, `the file has more than ${limits.rowsMax} rows; divide it`)
  }
  if (header === null) return refused(1, 'the file is empty; its first line names the columns')
  return { header, rows, problems }
}

const CELL_NEEDS_QUOTES = /[",\r\n]|^\s|\s$/

/** One row as `readCsv` reads it back, without its line end. A row of one empty cell is written `""`. */
export function csvLine(cells: readonly string[]): string {
  if (cells.length === 1 && cells[0] === '') return '""'
  return cells
    .map((cell) => (CELL_NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',')
}

function refused(line: number, message: string, column: number | null = null): CsvTable {
  return { header: [], rows: [], problems: [{ line, column, message }] }
}

function unfitFile(text: string, { charsMax }: CsvLimits): string | null {
  if (text.length > charsMax)
    return `the file has more than ${charsMax} characters; divide it and repeat the header`
  // UTF-16 read as UTF-8 has a NUL beside every Latin letter.
  if (text.includes('\0')) return 'this is not text in UTF-8; save it as "CSV UTF-8"'
  return null
}

function unfitHeader(header: readonly string[]): string | null {
  const only = header.length === 1 ? (header[0] ?? '') : ''
  if (only.includes(';')) return 'semicolons divide the columns; save the file with commas'
  if (only.includes('\t')) return 'tabs divide the columns; save the file with commas'
  return null
}

function readRow(text: string, start: number, limits: CsvLimits): Row {
  const cells: string[] = []
  for (let at = start; ; at++) {
    const column = cells.length + 1
    if (column > limits.columnsMax)
      return { column, wrong: `has more than ${limits.columnsMax} cells` }
    const cell = text[at] === '"' ? quotedCell(text, at, limits) : plainCell(text, at, limits)
    if ('wrong' in cell) return { column, wrong: cell.wrong }
    if (cell.text.includes('\uFFFD'))
      return { column, wrong: 'holds bytes that are not UTF-8; save the file as "CSV UTF-8"' }
    cells.push(cell.text)
    at = cell.end
    if (text[at] === ',') continue
    return { cells, end: lineEnd(text, at) }
  }
}

function plainCell(text: string, start: number, { cellCharsMax }: CsvLimits): Cell {
  const plain = /[^",\r\n]*/y
  plain.lastIndex = start
  const found = plain.exec(text)?.[0] ?? ''
  const end = start + found.length
  if (found.length > cellCharsMax) return tooLong(cellCharsMax)
  if (text[end] === '"')
    return {
      wrong: 'has a quote inside a cell that does not begin with one; quote the cell and double it',
    }
  if (text[end] === '\r' && text[end + 1] !== '\n')
    return { wrong: 'has a carriage return without a line feed; end lines with LF or CRLF' }
  return { text: found, end }
}

function quotedCell(text: string, start: number, { cellCharsMax }: CsvLimits): Cell {
  // Looks no further than a cell may reach: a stray quote on every line must not cost the square of the file.
  const reach = text.slice(start + 1, start + 3 + 2 * cellCharsMax)
  let from = 0
  for (;;) {
    const close = reach.indexOf('"', from)
    if (close === -1)
      return reach.length > 2 * cellCharsMax
        ? tooLong(cellCharsMax)
        : { wrong: 'opens a quote that is never closed' }
    if (reach[close + 1] === '"') {
      from = close + 2
      continue
    }
    const cell = reach.slice(0, close).replaceAll('""', '"')
    const end = start + 1 + close + 1
    if (cell.length > cellCharsMax) return tooLong(cellCharsMax)
    if (end < text.length && text[end] !== ',' && lineEnd(text, end) === end)
      return { wrong: 'goes on after its closing quote; a quote inside quotes is doubled' }
    return { text: cell, end }
  }
}

const tooLong = (max: number): Cell => ({ wrong: `has more than ${max} characters in one cell` })

/** Behind the line break at `at`, or `at` itself where there is none. */
function lineEnd(text: string, at: number): number {
  if (text[at] === '\n') return at + 1
  return text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at
}

function nextLine(text: string, at: number): number {
  const found = text.indexOf('\n', at)
  return found === -1 ? text.length : found + 1
}

function breaksIn(text: string, from: number, to: number): number {
  let breaks = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1))
    breaks++
  return breaks
}

function countProblem(line: number, found: number, wanted: number): CsvProblem {
  const advice =
    found < wanted ? 'write a comma for each empty one' : 'quote cells that hold commas'
  return {
    line,
    column: null,
    message: `has ${found} cells, the header ${wanted}; ${advice}`,
  }
}
