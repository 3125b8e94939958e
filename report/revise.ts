import type { Figure, ReportWords } from '#schemas/report/figure.ts'
import type { ReportChange, ReportModel } from '#schemas/report/model.ts'
import type { Cell, Table } from '#schemas/report/section.ts'
import { both, inBoth } from './words.ts'

/** What late data changed between two builds of one period. */

/** From these on a revision is issued; less is listed in the next report (facts sheet, section 7). */
export const REVISION_FROM = { points: 0.0005, usd: 500 } as const
const CHANGES_MAX = 200

/** Every printed figure that differs, the first page first. */
export function changesBetween(before: ReportModel, after: ReportModel): ReportChange[] {
  const why = reasons(before, after)
  const changes: ReportChange[] = []
  const then = figuresOf(before)
  for (const [key, { what, figure }] of figuresOf(after)) {
    const old = then.get(key)?.figure
    if (old === undefined || (old.text === figure.text && old.missing === figure.missing)) continue
    changes.push({ what, before: old, after: figure, why })
  }
  return changes.slice(0, CHANGES_MAX)
}

/** Whether the change is one that readers of the report must be told of at once. */
export function isRevision(before: ReportModel, after: ReportModel): boolean {
  const moved = (a: number | null, b: number | null, from: number) =>
    a === null || b === null ? a !== b : Math.abs(b - a) >= from
  if (moved(before.utilization, after.utilization, REVISION_FROM.points)) return true
  return MONEY.some((name) => {
    const [a, b] = [before, after].map(
      ({ page }) => page.numbers.find((number) => number.name === name)?.figure.exact ?? null,
    )
    return moved(a ?? null, b ?? null, REVISION_FROM.usd)
  })
}

const MONEY = ['short_usd'] as const

interface Named {
  readonly what: ReportWords
  readonly figure: Figure
}

/** Figures by where they stand: the same line of both builds has the same name. */
function figuresOf({ page, sections }: ReportModel): Map<string, Named> {
  const found = new Map<string, Named>()
  for (const { name, label, figure } of page.numbers)
    found.set(`page/${name}`, { what: label, figure })
  for (const section of sections)
    for (const table of section.tables) {
      const where = (line: ReportWords) =>
        inBoth((language) => `${section.title[language]}, ${line[language]}`)
      for (const { key, line, cell, title } of cellsOf(table))
        found.set(`${section.id}/${table.id}/${key}`, {
          what: inBoth((language) => `${where(line)[language]}: ${title[language]}`),
          figure: cell,
        })
    }
  return found
}

function* cellsOf(table: Table) {
  const [head] = table.columns
  const rows = table.total === null ? table.rows : [...table.rows, table.total]
  for (const row of rows) {
    const line = head === undefined ? both('', '') : wordsOf(row[head.id])
    for (const { id, title } of table.columns) {
      const cell = row[id]
      if (typeof cell === 'object' && 'text' in cell)
        yield { key: `${line.en}/${id}`, line, cell, title }
    }
  }
}

const wordsOf = (cell: Cell | undefined): ReportWords => {
  if (cell === undefined) return both('', '')
  if (typeof cell === 'string') return both(cell, cell)
  return 'text' in cell ? both(cell.text, cell.text) : cell
}

/** What was different when the figures were read again. */
function reasons({ sources: a, definition }: ReportModel, after: ReportModel): ReportWords {
  const b = after.sources
  const said: ReportWords[] = []
  if (definition !== after.definition) said.push(both('other definitions', '口径变更'))
  if (a.queries_hash !== b.queries_hash) said.push(both('other queries', '查询变更'))
  if (a.prices !== b.prices) said.push(both('prices entered', '单价变更'))
  if (a.contracts !== b.contracts) said.push(both('contracts entered', '合同变更'))
  if (a.owners !== b.owners) said.push(both('owners entered', '负责人变更'))
  if (a.cost_book !== b.cost_book) said.push(both('costs entered', '成本变更'))
  if (a.inventory_entries !== b.inventory_entries)
    said.push(both('inventory changed', '设备清单变更'))
  if (a.facility_entries !== b.facility_entries) said.push(both('meters changed', '电表变更'))
  // Minutes that were settled again say of themselves why: they are in the section on data quality.
  if (said.length === 0) said.push(both('late or corrected data', '迟到或更正的数据'))
  return inBoth((language) =>
    said.map((one) => one[language]).join(language === 'en' ? ', ' : '、'),
  )
}
