import type { ReportModel } from '#schemas/report/model.ts'
import type { Section, Table } from '#schemas/report/section.ts'
import { said, type Language } from '../../words.ts'
import { cellText, emptyText, headText, isNumeric, moreRows, PRINTED } from '../words.ts'
import { dataTable, escaped, STYLE } from './markup.ts'

/** Sections and what a revision changed; of each table at most `rowsMax` rows, the others are counted. */
export function appendix(model: ReportModel, language: Language, rowsMax: number): string {
  const sections = model.sections.map((one) => section(one, language, rowsMax)).join('')
  return `${changes(model, language)}${sections}`
}

function changes({ changes: rows }: ReportModel, language: Language): string {
  if (rows.length === 0) return ''
  const titles = [PRINTED.changed, PRINTED.before, PRINTED.after, PRINTED.why]
  const head = titles.map((title, at) => ({
    text: title[language],
    isRight: at === 1 || at === 2,
  }))
  const cells = rows.map(({ what, before, after, why }) => [
    { text: what[language] },
    { text: said(before, language), isRight: true },
    { text: said(after, language), isRight: true },
    { text: why[language] },
  ])
  return `<h2 style="${STYLE.h2}">${PRINTED.changes[language]}</h2>${dataTable(head, cells)}`
}

function section(one: Section, language: Language, rowsMax: number): string {
  const known =
    one.coverage === null
      ? ''
      : ` <span style="${STYLE.small};font-weight:400">${PRINTED.known[language]}: ${said(one.coverage, language)}</span>`
  const lead = one.lead.map((words) => `<p style="${STYLE.p}">${escaped(words[language])}</p>`)
  const missing =
    one.state === 'known' || one.lead.length > 0
      ? ''
      : `<p style="${STYLE.p};color:#4a5a64">${(one.state === 'not_entered' ? PRINTED.notEntered : PRINTED.notKnown)[language]}</p>`
  const tables = one.tables.map((each) => table(each, one, { language, rowsMax })).join('')
  return `<h2 style="${STYLE.h2}">${escaped(one.title[language])}${known}</h2>${lead.join('')}${missing}${tables}`
}

/** Longer texts are sentences: they may break. */
const NAME_MAX = 20

function table(
  one: Table,
  of: Section,
  { language, rowsMax }: { readonly language: Language; readonly rowsMax: number },
): string {
  const title = `<h3 style="${STYLE.h3}">${escaped(one.title[language])}</h3>`
  if (one.rows.length === 0 && one.total === null)
    return `${title}<p style="margin:4px 0 0;${STYLE.small}">${emptyText(of, language)}</p>`
  const shown = one.rows.slice(0, rowsMax)
  const isSentence = (row: Table['rows'][number], column: Table['columns'][number]) =>
    cellText(row[column.id], column, language).length > NAME_MAX
  const head = one.columns.map((column) => ({
    text: headText(column, language),
    isRight: one.rows.some((row) => isNumeric(row[column.id])),
    isWide: one.rows.some((row) => !isNumeric(row[column.id]) && isSentence(row, column)),
  }))
  const line = (row: Table['rows'][number], isStrong: boolean) =>
    one.columns.map((column) => {
      const cell = row[column.id]
      const isRight = isNumeric(cell)
      const isWhole = !isRight && !isSentence(row, column)
      return { text: cellText(cell, column, language), isRight, isStrong, isWhole }
    })
  const rows = shown.map((row) => line(row, false))
  const total = one.total === null ? [] : [line(one.total, true)]
  const left = one.more + one.rows.length - shown.length
  const notes = [
    ...(left > 0 ? [moreRows(left, language)] : []),
    ...(one.note === null ? [] : [escaped(one.note[language])]),
  ]
  const note =
    notes.length === 0 ? '' : `<p style="margin:4px 0 0;${STYLE.small}">${notes.join(' · ')}</p>`
  return `${title}${dataTable(head, [...rows, ...total])}${note}`
}
