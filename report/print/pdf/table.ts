import type { TextLook, Sheet } from './sheet.ts'

/** A table as it is drawn: texts only. */
export interface DrawnTable {
  readonly heads: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** The last row, strong. */
  readonly total: readonly string[] | null
  /** Columns whose cells stand at the right edge. */
  readonly numeric: readonly boolean[]
}

const SIZE = 8
const PAD = 6
/** Of the breadth, for a column that is mostly words. */
const WIDEST = 0.5
const NARROWEST = 34
const HEAD: TextLook = { size: SIZE - 0.5, weight: 'bold', colour: '#4a5a64' }
const CELL: TextLook = { size: SIZE }
const STRONG: TextLook = { size: SIZE, weight: 'bold' }

/** Draws a table over the whole breadth; its head comes again on every page that it reaches. */
export function drawTable(sheet: Sheet, table: DrawnTable): void {
  const widths = columnWidths(sheet, table)
  const row = (texts: readonly string[], look: TextLook, isHead = false) => {
    const height = rowHeight(sheet, texts, { widths, look })
    if (sheet.need(height + 4) && !isHead) row(table.heads, HEAD, true)
    let x = sheet.line.x
    for (const [at, width] of widths.entries()) {
      const align = table.numeric[at] ? 'right' : 'left'
      sheet.textAt(texts[at] ?? '', { x, width: width - PAD }, { ...look, align })
      x += width
    }
    sheet.y += height + 1
    sheet.rule(isHead ? '#b3c0c7' : '#dbe2e5')
    sheet.y += 2
  }
  // A head alone at the foot of a page would name nothing.
  const [first] = table.rows
  const headHeight = rowHeight(sheet, table.heads, { widths, look: HEAD })
  const firstHeight = first === undefined ? 0 : rowHeight(sheet, first, { widths, look: CELL })
  sheet.need(headHeight + firstHeight + 10)
  row(table.heads, HEAD, true)
  for (const texts of table.rows) row(texts, CELL)
  if (table.total !== null) row(table.total, STRONG)
}

function rowHeight(
  sheet: Sheet,
  texts: readonly string[],
  { widths, look }: { readonly widths: readonly number[]; readonly look: TextLook },
): number {
  return Math.max(...widths.map((width, at) => sheet.heightOf(texts[at] ?? '', width - PAD, look)))
}

/** Each column as wide as its longest text, within bounds; what is left or lacking is shared by the columns of words. */
function columnWidths(sheet: Sheet, { heads, rows, total, numeric }: DrawnTable): number[] {
  const breadth = sheet.line.width
  const all = total === null ? rows : [...rows, total]
  const wanted = heads.map((head, at) => {
    const texts = all.map((row) => sheet.widthOf(row[at] ?? '', STRONG))
    // A long head may break; a figure may not.
    const headWidth = sheet.widthOf(head, HEAD)
    const least = numeric[at] ? Math.min(headWidth, 70) : headWidth
    return Math.min(breadth * WIDEST, Math.max(NARROWEST, least, ...texts) + PAD + 1)
  })
  const spare = breadth - wanted.reduce((sum, width) => sum + width, 0)
  const words = wanted.map((width, at) => (numeric[at] ? 0 : width))
  const shared = words.reduce((sum, width) => sum + width, 0)
  const texts = words.filter((width) => width > 0).length
  if (shared === 0 || (spare < 0 && shared + spare < NARROWEST * texts)) {
    const scale = breadth / (breadth - spare)
    return wanted.map((width) => width * scale)
  }
  return wanted.map((width, at) => width + (spare * (words[at] ?? 0)) / shared)
}
