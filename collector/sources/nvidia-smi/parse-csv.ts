import { type Capture, LIMITS, newGpu, setField } from './capture.ts'
import type { Refusals } from './refusals.ts'

/** A column of `--query-gpu`, as its header names it, lower case, and the unit in brackets behind it. */
export interface Column {
  readonly name: string
  readonly unit: string
}

/** Bounds on a CSV: the header of all columns of driver 610 has 6,000 characters. */
export const CSV_LIMITS = { lines: 4096, lineChars: 65_536 } as const

/** Lines of a CSV; its header is longer than lines of other tools are. */
export function csvLines(text: string, refusals: Refusals): string[] {
  const lines: string[] = []
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    if (lines.length >= CSV_LIMITS.lines) {
      refusals.add(text.slice(start, start + 200), 'too_many_lines')
      break
    }
    if (end - start > CSV_LIMITS.lineChars)
      refusals.add(text.slice(start, start + 200), 'line_too_long')
    else lines.push(text.slice(start, end).trim())
    start = end + 1
  }
  return lines
}

/** The header of a CSV; `power.draw [W]` is the column `power.draw` in W, with `nounits` too. */
export function parseHeader(line: string): Column[] {
  return line.split(',').map((text) => {
    const name = text.trim()
    const bracket = name.indexOf(' [')
    return bracket > 0 && name.endsWith(']')
      ? { name: name.slice(0, bracket).toLowerCase(), unit: name.slice(bracket + 2, -1).trim() }
      : { name: name.toLowerCase(), unit: '' }
  })
}

/**
 * `--query-gpu --format=csv`: one row per GPU, columns by the names of the header, whatever their order and
 * number. A row with another number of cells is refused: which cell is missing cannot be told. The last cell of
 * an output without a line end may be cut and is left out. Never throws.
 */
export function parseCsv(lines: readonly string[], isCut: boolean, refusals: Refusals): Capture {
  const capture: Capture = {
    form: 'csv',
    head: new Map(),
    gpus: [],
    schema: null,
    isComplete: true,
  }
  const [header = '', ...rows] = lines.filter((line) => line.trim() !== '')
  const columns = parseHeader(header)
  const names = columns.map((column) => column.name)
  names
    .filter((name, at) => names.indexOf(name) !== at)
    .forEach((name) => refusals.add(name, 'duplicate_column'))
  rows.forEach((row, at) => {
    // A loop (`-l 5`) prints its header again and again.
    if (row.trim() === header.trim()) return
    const cells = row.split(',')
    if (cells.length !== columns.length) {
      refusals.add(row, isCut && at === rows.length - 1 ? 'cut_line' : 'column_count')
      return
    }
    if (capture.gpus.length >= LIMITS.gpus) {
      refusals.add(row, 'too_many_gpus')
      return
    }
    const isLast = isCut && at === rows.length - 1
    if (isLast) refusals.add(cells.at(-1) ?? '', 'cut_line')
    capture.gpus.push(readRow(cells, columns, isLast, refusals))
  })
  return capture
}

function readRow(
  cells: readonly string[],
  columns: readonly Column[],
  isCut: boolean,
  refusals: Refusals,
) {
  const gpu = newGpu()
  columns.forEach(({ name, unit }, at) => {
    const text = (cells[at] ?? '').trim()
    if (isCut && at === columns.length - 1) return
    if (!setField(gpu.fields, name, { text, unit })) refusals.add(name, 'too_many_fields')
  })
  return gpu
}
