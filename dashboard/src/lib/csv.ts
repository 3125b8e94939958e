/** A table as CSV (RFC 4180), and how a browser is given it. */

export type CsvCell = string | number | null

/** A table as it is saved: figures as they are, not as they are rounded; units in the header. */
export interface Sheet {
  readonly header: readonly string[]
  readonly rows: readonly (readonly CsvCell[])[]
}

/** A missing value is an empty field. Text that a spreadsheet would run as a formula is quoted with an apostrophe. */
export function csvOf(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('')
}

function cellOf(cell: CsvCell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Offers text as a file; the mark at its begin tells spreadsheets that it is UTF-8. */
export function offerCsv(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken the bytes by the end of this turn.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
