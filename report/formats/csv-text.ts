/** CSV that Excel opens as it is meant: a byte order mark, CRLF, a decimal point, no thousands separators. */

export const BYTE_ORDER_MARK = '\uFEFF'

/** Text, a number, a number with its digits as they are to stand there, or nothing. */
export type CsvValue = string | number | { readonly digits: string } | null

/**
 * One line. Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection); numbers
 * are numbers.
 */
export const csvLine = (values: readonly CsvValue[]): string => `${values.map(field).join(',')}\r\n`

function field(value: CsvValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return quoted(guarded(value))
  return typeof value === 'number' ? String(value) : value.digits
}

const guarded = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
