import { readCsv } from './csv.ts'
import { plainName } from './inventory-columns.ts'
import { readTime } from './local-time.ts'
import type { Problems } from './problems.ts'

/** A row of a file whose columns are known: its line, and its cells, trimmed, empty ones left out. */
export interface TableRow<Column extends string> {
  readonly line: number
  readonly cells: Readonly<Partial<Record<Column, string>>>
}

/** Columns of a file with the other names that sites give them, as `plainName` leaves them. */
export type Columns<Column extends string> = Readonly<Record<Column, readonly string[]>>

/**
 * Reads a CSV file by its columns; header names may differ in case, blanks and underscores. Columns that mean
 * nothing here are noted and left alone, those of `passedOver` without a word; two that mean the same refuse the
 * file, because nobody can say which is right.
 */
export function readTable<Column extends string>(
  text: string,
  columns: Columns<Column>,
  problems: Problems,
  passedOver: ReadonlySet<string> = new Set(),
): TableRow<Column>[] {
  const table = readCsv(text)
  for (const { line, column, message } of table.problems)
    problems.refuse(`line ${line}${column === null ? '' : `, cell ${column}`}`, message)
  const known = columnNames(columns)
  const header = table.header.map((name) => known.get(plainName(name)) ?? null)
  for (const [at, column] of header.entries()) {
    const name = JSON.stringify((table.header[at] ?? '').slice(0, 80))
    const first = header.indexOf(column)
    if (column !== null && first !== at) {
      const other = JSON.stringify(table.header[first])
      problems.refuse('line 1', `the columns ${other} and ${name} mean the same; keep one`)
      return []
    }
    if (column === null && name !== '""' && !passedOver.has(plainName(name))) {
      const list = Object.keys(columns).join(', ')
      problems.note('line 1', `the column ${name} is not read; known here: ${list}`)
    }
  }
  return table.rows.flatMap(({ line, cells }) => {
    const row: Partial<Record<Column, string>> = {}
    for (const [at, column] of header.entries()) {
      const value = (cells[at] ?? '').trim()
      if (column !== null && value !== '') row[column] = value
    }
    return Object.keys(row).length === 0 ? [] : [{ line, cells: row }]
  })
}

function columnNames<Column extends string>(columns: Columns<Column>): Map<string, Column> {
  const names = new Map<string, Column>()
  for (const column in columns)
    for (const name of [column, ...columns[column]]) names.set(plainName(name), column)
  return names
}

/** Reads cells of one row; the first that is wrong refuses the row. */
export class RowReader<Column extends string> {
  #row: TableRow<Column>
  #timeZone: string
  #wrong: string | null = null

  constructor(row: TableRow<Column>, timeZone: string) {
    this.#row = row
    this.#timeZone = timeZone
  }

  /** What is wrong with the row so far; null = nothing. */
  get wrong(): string | null {
    return this.#wrong
  }

  refuse(message: string): void {
    this.#wrong ??= message
  }

  text(column: Column, max = 256): string {
    const value = this.#row.cells[column] ?? ''
    if (value.length > max) this.refuse(`${column} has more than ${max} characters`)
    return value
  }

  needed(column: Column, max = 128): string {
    const value = this.text(column, max)
    if (value === '') this.refuse(`${column} is empty`)
    return value
  }

  /** Epoch ms; null where the cell is empty. */
  time(column: Column): number | null {
    const value = this.text(column)
    if (value === '') return null
    const read = readTime(value, this.#timeZone)
    if ('ms' in read) return read.ms
    this.refuse(`${column} ${JSON.stringify(value)} ${read.wrong}`)
    return null
  }

  neededTime(column: Column): number {
    if (this.text(column) === '') this.refuse(`${column} is empty; since when is it so?`)
    return this.time(column) ?? 0
  }

  /** A decimal number with a point; null where the cell is empty. */
  number(column: Column, limits: { readonly min: number; readonly max: number }): number | null {
    const value = this.text(column)
    if (value === '') return null
    const number = /^-?\d{1,15}(\.\d{1,12})?$/.test(value) ? Number(value) : Number.NaN
    if (number >= limits.min && number <= limits.max) return number
    this.refuse(
      `${column} ${JSON.stringify(value)}: give a number from ${limits.min} to ${limits.max}, such as 0.5`,
    )
    return null
  }

  whole(column: Column, limits: { readonly min: number; readonly max: number }): number | null {
    const number = this.number(column, limits)
    if (number === null || Number.isInteger(number)) return number
    this.refuse(`${column} ${number}: give a whole number`)
    return null
  }

  choice<Value extends string>(column: Column, values: readonly Value[]): Value | null {
    const value = this.text(column).toLowerCase()
    const found = values.find((each) => each === value)
    if (found !== undefined || value === '') return found ?? null
    this.refuse(`${column} ${JSON.stringify(value)} is none of ${values.join(', ')}`)
    return null
  }
}
