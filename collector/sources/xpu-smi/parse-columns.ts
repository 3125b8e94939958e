/**
 * Column names of the three header lines of the current layout. Names that hold a blank must be known to be
 * told from two columns; any other word of a header is a column of its own, known or not.
 */
const NAMES_WITH_BLANKS: readonly string[] = ['Volatile Uncorr. ECC', 'Compute M.', 'SR-IOV M.']

/** Header of one device: per line, per cell, the names of its columns in order. */
export type Layout = readonly (readonly (readonly string[])[])[]

/** Splits a row at its bars; null without a closing bar: its last value may be a stump of itself. */
export function cellsOf(line: string): string[] | null {
  const text = line.trim()
  if (text.length < 2 || !text.startsWith('|') || !text.endsWith('|')) return null
  return text
    .slice(1, -1)
    .split('|')
    .map((part) => part.trim())
}

/** The columns that a header cell names. */
export function columnNames(cell: string): string[] {
  const names: string[] = []
  let rest = cell.trim()
  while (rest !== '') {
    const known = NAMES_WITH_BLANKS.find((name) => rest.startsWith(name))
    const name = known ?? rest.split(/\s+/, 1)[0] ?? rest
    names.push(name)
    rest = rest.slice(name.length).trim()
  }
  return names
}

/**
 * The values of one line by column name, or null when a cell holds another number of values than its header
 * has columns. Only a device's name may hold blanks.
 */
export function valuesOf(
  cells: readonly string[],
  header: readonly (readonly string[])[],
): Map<string, string> | null {
  if (cells.length !== header.length) return null
  const values = new Map<string, string>()
  for (const [at, columns] of header.entries()) {
    const tokens = tokensOf(cells[at] ?? '')
    const extra = tokens.length - columns.length
    const nameAt = columns.indexOf('Name')
    if (extra < 0 || (extra > 0 && nameAt === -1)) return null
    for (const [index, column] of columns.entries()) {
      const isBehindName = nameAt !== -1 && index > nameAt
      const from = isBehindName ? index + extra : index
      const to = index === nameAt ? from + extra + 1 : from + 1
      values.set(column, tokens.slice(from, to).join(' '))
    }
  }
  return values
}

/** Blank-separated values; `187W / 400W` is one. */
function tokensOf(cell: string): string[] {
  return cell
    .replaceAll(/\s+/g, ' ')
    .replaceAll(' / ', '/')
    .split(' ')
    .filter((token) => token !== '')
}
