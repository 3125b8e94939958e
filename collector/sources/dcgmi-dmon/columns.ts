import { LIMITS } from './limits.ts'

/**
 * The header of a dmon table. DCGM 2.2 and later print `#Entity` and put values left-aligned under their names;
 * older ones print `# Entity` and right-align, so that a value can fill its column and touch its neighbour.
 */
export interface Header {
  readonly names: readonly string[]
  /** Where each name starts and ends (exclusive), in characters. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** End of the word `Entity`. */
  readonly entityEnd: number
  readonly align: 'left' | 'right'
  /** Units of the second line, where it states one. */
  readonly units: string[]
}

export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Words of a line with their places, at most a few more than a row can have. */
export function tokensOf(line: string): Token[] {
  const tokens: Token[] = []
  const word = /\S+/g
  for (let match = word.exec(line); match !== null; match = word.exec(line)) {
    tokens.push({ text: match[0], start: match.index, end: word.lastIndex })
    if (tokens.length > LIMITS.columns + 8) break
  }
  return tokens
}

/** The header a line is, or null. */
export function readHeader(line: string): Header | null {
  const match = /^\s*#(\s*)Entity(?=\s|$)/i.exec(line)
  if (match === null) return null
  const entityEnd = match[0].length
  const names = tokensOf(line.slice(entityEnd)).slice(0, LIMITS.columns)
  return {
    names: names.map((token) => token.text.slice(0, LIMITS.text)),
    starts: names.map((token) => token.start + entityEnd),
    ends: names.map((token) => token.end + entityEnd),
    entityEnd,
    align: match[1] === '' ? 'left' : 'right',
    units: names.map(() => ''),
  }
}

/** True for the line under a header; its units go into the header's columns. */
export function readUnits(line: string, header: Header): boolean {
  if (!/^\s*ID(?:\s|$)/i.test(line)) return false
  for (const token of tokensOf(line).slice(1)) {
    const at =
      header.align === 'left' ? header.starts.indexOf(token.start) : header.ends.indexOf(token.end)
    if (at >= 0) header.units[at] = token.text.slice(0, LIMITS.text)
  }
  return true
}

const NUMBER_LIKE = /^(?:-?\d{1,20}(?:\.\d{1,9})?|N\/A)$/

/**
 * The cells of a row behind its entity, one per column; null when they cannot be told apart. As many words as
 * columns, all of them numbers, need no places. Otherwise a column's place decides: a blank cell shifts words, a
 * text may hold blanks, and right-aligned columns may run together.
 */
export function cellsOf(line: string, rest: readonly Token[], entityEnd: number, header: Header) {
  const count = header.names.length
  if (rest.length === count && rest.every((token) => NUMBER_LIKE.test(token.text)))
    return rest.map((token) => token.text)
  if (count === 0) return null
  return header.align === 'left'
    ? leftCells(line, entityEnd, header)
    : rightCells(line, entityEnd, header)
}

function leftCells(line: string, entityEnd: number, { starts }: Header): string[] | null {
  if (entityEnd > (starts[0] ?? 0) || line.slice(entityEnd, starts[0]).trim() !== '') return null
  const cells: string[] = []
  for (const [at, start] of starts.entries()) {
    const before = line[start - 1]
    if (before !== undefined && before !== ' ') return null
    const text = line.slice(start, starts[at + 1])
    // A value that does not stand where its column begins belongs to no column.
    if (text.trim() !== '' && text.startsWith(' ')) return null
    cells.push(text.trim())
  }
  return cells
}

function rightCells(line: string, entityEnd: number, { ends, entityEnd: under }: Header) {
  // The old format pads the kind and then adds the number, which moves the whole row.
  const shift = entityEnd - under
  const last = (ends.at(-1) ?? 0) + shift
  if (line.trimEnd().length > last) return null
  const cells: string[] = []
  let from = entityEnd
  for (const end of ends) {
    const text = line.slice(from, end + shift)
    if (text.trim() !== '' && text.endsWith(' ')) return null
    cells.push(text.trim())
    from = end + shift
  }
  return cells
}
