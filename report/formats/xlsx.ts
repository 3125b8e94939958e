import type { Cell as SheetCell, SheetData } from 'write-excel-file/node'
import type { Figure } from '#schemas/report/figure.ts'
import type { ReportFormat, ReportLanguage } from '#schemas/report/format.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { Cell, Section, Table } from '#schemas/report/section.ts'
import { UNIT_NAMES } from '../table.ts'
import { both } from '../words.ts'
import { inLanguage, missingWords } from './language.ts'
import { withoutTimes } from './zip.ts'

/** A sheet per section, real numbers with as many digits as are printed. */
export const xlsxFormat: ReportFormat = {
  name: 'xlsx',
  mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  extension: 'xlsx',
  async render(model, language) {
    const sheets = [
      sheetOf(both('Report', '报告'), pageRows(model, language), language),
      ...model.sections.map((section) =>
        sheetOf(section.title, sectionRows(section, language), language),
      ),
    ]
    const { default: writeXlsxFile } = await import('write-excel-file/node')
    const file = await writeXlsxFile(sheets, { fontFamily: 'Arial', fontSize: 10 }).toBuffer()
    return withoutTimes(file)
  },
}

/** Excel takes at most 31 characters, and none of these. */
const SHEET_NAME_MAX = 31
const FIRST_WIDTH = 42
const WIDTH = 18
const COLUMNS_MAX = 16

function sheetOf(title: Section['title'], data: SheetData, language: ReportLanguage) {
  const name = inLanguage(title, language)
    .replaceAll(/[\\/?*[\]:]/g, ' ')
    .replaceAll(/ {2,}/g, ' ')
  const columns = Array.from({ length: COLUMNS_MAX }, (_, at) => ({
    width: at === 0 ? FIRST_WIDTH : WIDTH,
  }))
  return { data, sheet: name.slice(0, SHEET_NAME_MAX), columns, showGridLines: false }
}

const text = (value: string): SheetCell => ({ value, type: String })
const bold = (value: string): SheetCell => ({ value, type: String, fontWeight: 'bold' })
const heading = (value: string): SheetCell => ({
  value,
  type: String,
  fontWeight: 'bold',
  fontSize: 13,
})

/** The number as printed, in a format that shows its digits; what is missing says why. */
function figureCell(figure: Figure, language: ReportLanguage): SheetCell {
  if (figure.value === null) return text(missingWords(figure, language))
  const digits = figure.decimals === 0 ? '#,##0' : `#,##0.${'0'.repeat(figure.decimals)}`
  const format = figure.text.startsWith('+') ? `+${digits};-${digits};${digits}` : digits
  return { value: figure.value, type: Number, format }
}

function cellOf(cell: Cell | undefined, language: ReportLanguage): SheetCell {
  if (cell === undefined || typeof cell === 'string') return text(cell ?? '')
  return 'text' in cell ? figureCell(cell, language) : text(inLanguage(cell, language))
}

function tableRows(table: Table, language: ReportLanguage): SheetData {
  const head = table.columns.map(({ title, unit }) =>
    bold(
      unit === null
        ? inLanguage(title, language)
        : `${inLanguage(title, language)} (${inLanguage(UNIT_NAMES[unit], language)})`,
    ),
  )
  const rows = (table.total === null ? table.rows : [...table.rows, table.total]).map((row) =>
    table.columns.map(({ id }) => cellOf(row[id], language)),
  )
  const notes = [
    ...(table.more > 0
      ? [
          inLanguage(
            both(`${table.more} more rows are not listed`, `另有 ${table.more} 行未列出`),
            language,
          ),
        ]
      : []),
    ...(table.note === null ? [] : [inLanguage(table.note, language)]),
  ]
  return [
    [bold(inLanguage(table.title, language))],
    head,
    ...rows,
    ...notes.map((note) => [text(note)]),
    [],
  ]
}

function sectionRows(section: Section, language: ReportLanguage): SheetData {
  const { title, coverage, lead, tables } = section
  return [
    [heading(inLanguage(title, language))],
    ...(coverage === null
      ? []
      : [
          [
            text(inLanguage(both('Known (%)', '已知 (%)'), language)),
            figureCell(coverage, language),
          ],
        ]),
    ...lead.map((words) => [text(inLanguage(words, language))]),
    [],
    ...tables.flatMap((table) => tableRows(table, language)),
  ]
}

function pageRows(model: ReportModel, language: ReportLanguage): SheetData {
  const { page, title, week, revision, from, to, time_zone, definition, simulated } = model
  const line = (en: string, zh: string, value: string): SheetData[number] => [
    bold(inLanguage(both(en, zh), language)),
    text(value),
  ]
  return [
    [heading(inLanguage(title, language))],
    ...(simulated ? [[bold(inLanguage(both('Simulated data', '模拟数据'), language))]] : []),
    [text(inLanguage(page.verdict, language))],
    [text(inLanguage(page.cause_line, language))],
    [text(inLanguage(page.data_line, language))],
    [],
    ...page.numbers.map(({ label, figure }) => [
      text(`${inLanguage(label, language)} (${inLanguage(UNIT_NAMES[figure.unit], language)})`),
      figureCell(figure, language),
    ]),
    [],
    ...page.actions.map(({ words, owner, due, promised }) => [
      text(inLanguage(words, language)),
      text(inLanguage(owner, language)),
      text(due),
      figureCell(promised, language),
    ]),
    ...page.last_actions.map(({ words, owner, state, result }) => [
      text(inLanguage(words, language)),
      text(inLanguage(owner, language)),
      text(state),
      text(inLanguage(result, language)),
    ]),
    [],
    line('Period', '时段', week),
    line('Revision', '修订', String(revision)),
    line('From', '起', from),
    line('To, exclusive', '止（不含）', to),
    line('Time zone', '时区', time_zone),
    line('Definitions', '口径', definition),
  ]
}
