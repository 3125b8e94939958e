import type { Sheet } from '#lib/csv.ts'

/** What a cell shows: without its buttons, and with words for readers of a screen only where nothing else stands. */
function textOf(cell: Element): string {
  const plain = (element: Element) => (element.textContent ?? '').replaceAll(/\s+/g, ' ').trim()
  const seen = document.createElement('div')
  seen.append(...[...cell.childNodes].map((node) => node.cloneNode(true)))
  for (const button of seen.querySelectorAll('button')) button.remove()
  const told = plain(seen)
  for (const unseen of seen.querySelectorAll('.visually-hidden')) unseen.remove()
  return plain(seen) || told
}

/** A table as it stands on the screen: for lists of words, where the figures behind them are the words themselves. */
export function sheetOfTable(table: HTMLTableElement): Sheet {
  const rowOf = (row: HTMLTableRowElement) =>
    [...row.cells].flatMap((cell) => [
      textOf(cell),
      // A cell over several columns keeps what follows in its place.
      ...Array.from({ length: cell.colSpan - 1 }, () => ''),
    ])
  const [head] = table.tHead?.rows ?? []
  const rows = [...table.tBodies].flatMap((body) => [...body.rows].map(rowOf))
  return { header: head === undefined ? [] : rowOf(head), rows }
}
