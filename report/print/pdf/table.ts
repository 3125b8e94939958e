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
  sheet.need(heightOfStart(sheet, table, widths))
  row(table.heads, HEAD, true)
  for (const texts of table.rows) row(texts, CELL)
  if (table.total !== null) row(table.total, STRONG)
}

/** How high the head and the first row are: what a title before them must find room for. */
export const startHeight = (sheet: Sheet, table: DrawnTable): number =>
  heightOfStart(sheet, table, columnWidths(sheet, table))

function heightOfStart(sheet: Sheet, table: DrawnTable, widths: readonly number[]): number {
  const [first] = table.rows
  const headHeight = rowHeight(sheet, table.heads, { widths, look: HEAD })
  const firstHeight = first === undefined ? 0 : rowHeight(sheet, first, { widths, look: CELL })
  return headHeight + firstHeight + 10
}

function rowHeight(
  sheet: Sheet,
  texts: readonly string[],
  { widths, look }: { readonly widths: readonly number[]; readonly look: TextLook },
): number {
  return Math.max(...widths.map((width, at) => sheet.heightOf(texts[at] ?? '', width - PAD, look)))
}

/** Where a line may break: after blanks and hyphens, and between Chinese signs. */
const PIECES = /[^\s\-\u3000-\u9fff\uff00-\uffef]+-?|[\u3000-\u9fff\uff00-\uffef]/g
/** A longer word, an address mostly, breaks where it must. */
const WORD_MAX = 110

/**
 * Each column as wide as its longest text, within bounds. What is left goes to the columns of words; what lacks is taken
 * from all that can break, down to their longest words: a figure or a word that broke in its middle would be misread.
 */
function columnWidths(sheet: Sheet, { heads, rows, total, numeric }: DrawnTable): number[] {
  const breadth = sheet.line.width
  const all = total === null ? rows : [...rows, total]
  const widest = (texts: readonly string[], look: TextLook) =>
    Math.max(0, ...texts.map((text) => sheet.widthOf(text, look)))
  const wordOf = (texts: readonly string[], look: TextLook) =>
    Math.min(
      WORD_MAX,
      widest(
        texts.flatMap((text) => text.match(PIECES) ?? []),
        look,
      ),
    )
  const columns = heads.map((head, at) => {
    const texts = all.map((row) => row[at] ?? '')
    const text = widest(texts, STRONG)
    const headWidth = sheet.widthOf(head, HEAD)
    const headWord = wordOf([head], HEAD)
    // A long head may break; a figure may not.
    const isFigures = numeric[at]
    const least = isFigures
      ? Math.max(headWord, text, Math.min(headWidth, NARROWEST))
      : Math.max(headWord, wordOf(texts, STRONG))
    const wanted = Math.max(NARROWEST, isFigures ? Math.min(headWidth, 70) : headWidth, text)
    const width = Math.max(least + PAD + 1, Math.min(breadth * WIDEST, wanted + PAD + 1))
    return { least: least + PAD + 1, wanted: width, words: isFigures ? 0 : width }
  })
  const sum = (of: (column: (typeof columns)[number]) => number) =>
    columns.reduce((whole, column) => whole + of(column), 0)
  const least = sum((one) => one.least)
  if (least >= breadth) return columns.map((one) => (one.least * breadth) / least)
  const words = sum((one) => one.words)
  const spare = breadth - sum((one) => one.wanted)
  if (spare >= 0)
    return columns.map(
      (one) => one.wanted + spare * (words === 0 ? 1 / columns.length : one.words / words),
    )
  // Heads of figures give way first, then texts.
  const share = (room: number, isWords: boolean) => {
    const longer = sum((one) => (one.words > 0 === isWords ? one.wanted - one.least : 0))
    return longer === 0 ? 0 : Math.min(1, room / longer)
  }
  const texts = share(breadth - least, true)
  const grown = sum((one) => (one.words > 0 ? (one.wanted - one.least) * texts : 0))
  const figures = share(breadth - least - grown, false)
  return columns.map(
    (one) => one.least + (one.wanted - one.least) * (one.words > 0 ? texts : figures),
  )
}
